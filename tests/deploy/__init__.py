"""Tests of deploy/ with the real programs: NGINX, its limits and error pages, systemd and Compose."""
