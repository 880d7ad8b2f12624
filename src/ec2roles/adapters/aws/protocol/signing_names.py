"""The names that services sign with: some are not those of their models, and some are shared."""

from __future__ import annotations

MODELS: dict[str, tuple[str, ...]] = {
    "airflow": ("mwaa",),
    "aoss": ("opensearchserverless",),
    "apigateway": ("apigateway", "apigatewayv2"),
    "appconfig": ("appconfig", "appconfigdata"),
    "aps": ("amp",),
    "bedrock": ("bedrock", "bedrock-runtime", "bedrock-agent", "bedrock-agent-runtime"),
    "cassandra": ("keyspaces",),
    "dynamodb": ("dynamodb", "dynamodbstreams"),
    "elasticfilesystem": ("efs",),
    "elasticloadbalancing": ("elbv2", "elb"),
    "elasticmapreduce": ("emr",),
    "email": ("ses",),
    "es": ("es", "opensearch"),
    "geo": ("location",),
    "iotdata": ("iot-data",),
    "kinesisanalytics": ("kinesisanalytics", "kinesisanalyticsv2"),
    "kinesisvideo": ("kinesisvideo", "kinesis-video-media", "kinesis-video-archived-media"),
    "lex": ("lex-models", "lex-runtime", "lexv2-models", "lexv2-runtime"),
    "mobiletargeting": ("pinpoint",),
    "monitoring": ("cloudwatch",),
    "personalize": ("personalize", "personalize-runtime", "personalize-events"),
    "sagemaker": ("sagemaker", "sagemaker-runtime", "sagemaker-featurestore-runtime"),
    "servicequotas": ("service-quotas",),
    "ses": ("ses", "sesv2"),
    "sso": ("sso-admin",),
    "states": ("stepfunctions",),
    "tagging": ("resourcegroupstaggingapi",),
    "timestream": ("timestream-write", "timestream-query"),
}
"""What a service signs as, and the models that do, where that is not one of the same name."""
