"""Uploads of pictures and videos: signed addresses for one file each, on S3, Cloudinary or this server."""
