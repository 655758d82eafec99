# Exchanges that a team can query, if asked for (var.exchanges): the rebuilders' files in a bucket, and a table over it for Athena.

locals {
  exchanges_enabled = var.exchanges != null
  exchanges_prefix  = "exchanges/"
  exchanges_days    = try(var.exchanges.expiration_days, 30)

  exchanges_config = { for name, value in {
    interval = try(var.exchanges.interval, null)
    prefix   = local.exchanges_prefix
    region   = data.aws_region.current.name
  } : name => value if value != null }
  exchanges_bucket = one(aws_s3_bucket.exchanges[*].bucket)

  # A letter of a name in Glue is small, and Athena takes no hyphen without quotes.
  exchanges_database = replace(var.name_prefix, "-", "_")

  exchanges_message = "headers:array<array<string>>,trailers:array<array<string>>,body:string,bodysize:bigint,complete:boolean,lost:array<string>"
  exchanges_columns = {
    time     = "string"
    src      = "string"
    dst      = "string"
    vni      = "int"
    id       = "string"
    request  = "struct<method:string,target:string,version:string,${local.exchanges_message},irregular:array<string>,reading:int,correction:boolean,found:boolean>"
    response = "struct<status:int,reason:string,version:string,${local.exchanges_message}>"
  }
}

resource "aws_s3_bucket" "exchanges" {
  # checkov:skip=CKV_AWS_18: access logs of it are the account's decision (CloudTrail data events), and need another bucket.
  # checkov:skip=CKV_AWS_21: objects are written once under a name of their own; old versions would outlive the life cycle.
  # checkov:skip=CKV_AWS_144: traffic of the last days; no need for a copy in another region.
  # checkov:skip=CKV_AWS_145: encrypted with a key of the account where exchanges.kms_key_arn names one, else with the bucket's own (AES256).
  # checkov:skip=CKV2_AWS_62: nobody waits for an event of this bucket.
  count = local.exchanges_enabled ? 1 : 0

  bucket_prefix = "${substr(var.name_prefix, 0, 26)}-exchanges-"
  force_destroy = var.exchanges.force_destroy
  tags          = local.tags
}

resource "aws_s3_bucket_ownership_controls" "exchanges" {
  count = local.exchanges_enabled ? 1 : 0

  bucket = aws_s3_bucket.exchanges[0].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "exchanges" {
  count = local.exchanges_enabled ? 1 : 0

  bucket                  = aws_s3_bucket.exchanges[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "exchanges" {
  count = local.exchanges_enabled ? 1 : 0

  bucket = aws_s3_bucket.exchanges[0].id

  rule {
    # One call to KMS for many objects.
    bucket_key_enabled = var.exchanges.kms_key_arn != null

    apply_server_side_encryption_by_default {
      sse_algorithm     = var.exchanges.kms_key_arn == null ? "AES256" : "aws:kms"
      kms_master_key_id = var.exchanges.kms_key_arn
    }
  }
}

data "aws_iam_policy_document" "exchanges" {
  count = local.exchanges_enabled ? 1 : 0

  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.exchanges[0].arn, "${aws_s3_bucket.exchanges[0].arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "exchanges" {
  count = local.exchanges_enabled ? 1 : 0

  bucket = aws_s3_bucket.exchanges[0].id
  policy = data.aws_iam_policy_document.exchanges[0].json

  depends_on = [aws_s3_bucket_public_access_block.exchanges]
}

resource "aws_s3_bucket_lifecycle_configuration" "exchanges" {
  count = local.exchanges_enabled ? 1 : 0

  bucket = aws_s3_bucket.exchanges[0].id

  # Parts of an instance that ended in the middle of an upload.
  rule {
    id     = "abandoned-uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  rule {
    id     = "expiration"
    status = "Enabled"

    filter {
      prefix = local.exchanges_prefix
    }

    expiration {
      days = local.exchanges_days
    }
  }
}

resource "aws_glue_catalog_database" "exchanges" {
  count = local.exchanges_enabled ? 1 : 0

  name        = local.exchanges_database
  description = "Requests and responses that the rebuilders of ${var.name_prefix} have seen"
  tags        = local.tags
}

# Partition projection: Athena works the folders out by itself, so nothing has to be told of a new hour.
resource "aws_glue_catalog_table" "exchanges" {
  count = local.exchanges_enabled ? 1 : 0

  name          = "exchanges"
  database_name = aws_glue_catalog_database.exchanges[0].name
  description   = "One row for each request; docs/exchange.md names the fields, docs/queries.md what to ask"
  table_type    = "EXTERNAL_TABLE"

  parameters = {
    EXTERNAL                    = "TRUE"
    classification              = "json"
    "projection.enabled"        = "true"
    "projection.dt.type"        = "date"
    "projection.dt.format"      = "yyyy-MM-dd"
    "projection.dt.range"       = "NOW-${local.exchanges_days}DAYS,NOW"
    "projection.hour.type"      = "integer"
    "projection.hour.range"     = "0,23"
    "projection.hour.digits"    = "2"
    "storage.location.template" = "s3://${local.exchanges_bucket}/${local.exchanges_prefix}dt=$${dt}/hour=$${hour}/"
  }

  partition_keys {
    name = "dt"
    type = "string"
  }

  partition_keys {
    name = "hour"
    type = "string"
  }

  storage_descriptor {
    location      = "s3://${local.exchanges_bucket}/${local.exchanges_prefix}"
    input_format  = "org.apache.hadoop.mapred.TextInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"

    ser_de_info {
      serialization_library = "org.openx.data.jsonserde.JsonSerDe"
    }

    dynamic "columns" {
      for_each = ["time", "src", "dst", "vni", "id", "request", "response"]

      content {
        name = columns.value
        type = local.exchanges_columns[columns.value]
      }
    }
  }
}
