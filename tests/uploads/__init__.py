"""Tests of uploads: pictures and videos, on S3, Cloudinary and the own store."""
