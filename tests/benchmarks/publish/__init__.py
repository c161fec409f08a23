"""Publishing beside rclone, the AWS command line and s5cmd, on one S3 server in one run: `make bench-publish`."""
