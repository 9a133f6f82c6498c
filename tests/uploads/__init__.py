"""Tests of picture and video uploads to S3, Cloudinary and the local storage."""
