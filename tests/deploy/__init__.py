"""What stands before the application in production, run as it is: NGINX, its limits and its error pages."""
