from ec2roles.policy import Outcome, PolicySet, Request, evaluate, load_policy

decision = evaluate(
    Request(
        principal="arn:aws:sts::123456789012:assumed-role/app/i-0123456789abcdef0",   # also a user, role, root or federated-user ARN,
        action="s3:GetObject",                                                        # a service ("lambda.amazonaws.com"), or "*" for anonymous
        resource="arn:aws:s3:::photos/cat.jpg",
        resource_account="123456789012",          # optional: from the ARN, else the principal's account
        context={"aws:SourceIp": "198.51.100.7", "aws:TagKeys": ["team"]},
    ),
    PolicySet(
        identity=[...], resource=..., boundaries=[...], session=[...],
        scps=[[...root...], [...ou...], [...account...]], rcps=[[...], ...], endpoint=[...],
    ),                                            # each policy: a parsed policy, a dict, or JSON text; None/() = that layer is absent;
)                                                 # for sts:AssumeRole* the resource policy is the role's trust policy
decision.allowed        # bool, and bool(decision) is the same
decision.outcome        # Outcome.ALLOWED, Outcome.EXPLICIT_DENY, Outcome.IMPLICIT_DENY
decision.denied_by      # None, or the layer: "scp", "rcp", "identity", "boundary", "session", "resource", "trust", "endpoint"
decision.message        # AWS's one line for a denial
decision.explain()      # every statement that mattered, and why the near misses missed
load_policy(document, kind="identity")            # validates as AWS does for that kind: identity, boundary, session, trust, resource, scp, rcp, endpoint
