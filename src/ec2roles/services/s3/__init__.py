"""Amazon S3: buckets and small objects."""
