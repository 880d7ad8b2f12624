from datetime import timedelta
from ec2roles import Account, PermissionPolicy, TrustPolicy

account = Account()                           # 123456789012 in us-east-1; own Cloud: ManualClock at 2026-01-01T00:00:00Z, seed 0
clock = account.clock
account.s3.create_bucket("ac-instance-role-demo")
web = account.launch_instance()               # running, no instance profile

web.run("aws s3 ls").stderr                   # Unable to locate credentials. You can configure credentials by running "aws configure".
assert web.call("s3:ListAllMyBuckets").error.code == "NoCredentials"

account.console.create_role("EC2Role", service="ec2.amazonaws.com", policies=["AmazonS3ReadOnlyAccess"])   # one step: also makes the profile "EC2Role"
writer = account.create_role("writer", trust=TrustPolicy.service("ec2.amazonaws.com"))                      # the CLI's way: two steps, joined by hand
writer.put_policy("write", PermissionPolicy.allow("s3:PutObject", resource="arn:aws:s3:::ac-instance-role-demo/*"))
profile = account.create_instance_profile("writer-profile")
profile.add_role(writer)

web.attach("EC2Role")                               # a profile or its name; a Role raises: roles are not attached, profiles are
web.run("aws s3 ls").stdout                         # 2026-01-01 00:00:00 ac-instance-role-demo
leaked = web.metadata.credentials()                 # what an SDK gets through IMDSv2
put = web.call("s3:PutObject", "arn:aws:s3:::ac-instance-role-demo/cat.jpg", body=b"meow")
assert put.error.code == "AccessDenied"
print(put.error.message); print(put.decision.explain())
assert web.can("s3:GetObject", "arn:aws:s3:::ac-instance-role-demo/cat.jpg")          # asks, does nothing

clock.advance(hours=5, minutes=56)
assert web.metadata.credentials() != leaked                                           # rotated
assert account.call("s3:ListAllMyBuckets", credentials=leaked)                        # the old ones still work from anywhere ...
clock.advance(timedelta(minutes=5))
assert account.call("s3:ListAllMyBuckets", credentials=leaked).error.code == "ExpiredToken"   # ... until they expire
web.replace(profile)
assert web.call("s3:PutObject", "arn:aws:s3:::ac-instance-role-demo/cat.jpg", body=b"meow").ok
web.detach()
