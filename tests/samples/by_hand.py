time = Timekeeper(clock=anything_with_now)
role = Role("app", trust=TrustPolicy.service("ec2.amazonaws.com"), time=time)
role.put_policy("list", PermissionPolicy.allow("s3:ListAllMyBuckets"))
sts = TokenService(time=time)
instance = Instance(profile=InstanceProfile("app", role=role, time=time), sts=sts, time=time)
assert instance.can("s3:ListAllMyBuckets") and instance.metadata.credentials().expiration
