"""boto3 in this process, without a socket (extra ``boto``)."""
