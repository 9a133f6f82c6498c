"""Pictures and videos: signed addresses that take one file each, on S3, Cloudinary or this server."""
