# The service is one tarball in S3. An instance installs the version that was planned, whose checksum it knows, or nothing.
#
# A new tarball is a new version of the same object, so the one before is still there: the instances that run it may be replaced
# while the new ones come up, and they are what is left if those do not get healthy.

locals {
  artifact_upload = var.artifact_file != null
  artifact_sha256 = try(filesha256(var.artifact_file), var.artifact_sha256, null)

  artifact_bucket     = local.artifact_upload ? aws_s3_bucket.artifact[0].bucket : split("/", trimprefix(coalesce(var.artifact_s3_uri, "s3://none/none"), "s3://"))[0]
  artifact_key        = local.artifact_upload ? "vpc-mirror.tar.gz" : try(regex("^s3://[^/]+/(.+)$", var.artifact_s3_uri)[0], "none")
  artifact_version_id = one(aws_s3_object.artifact[*].version_id)
  artifact_s3_uri     = "s3://${local.artifact_bucket}/${local.artifact_key}"

  # A tarball of the user's own has the previous one beside it, in the same folder.
  artifact_readable = local.artifact_upload || !strcontains(local.artifact_key, "/") ? local.artifact_key : "${dirname(local.artifact_key)}/*"
  artifact_arn      = "arn:${data.aws_partition.current.partition}:s3:::${local.artifact_bucket}/${local.artifact_readable}"
}

resource "aws_s3_bucket" "artifact" {
  # checkov:skip=CKV_AWS_18: one public-source tarball, read by the rebuilders' role only; nothing to learn from access logs.
  # checkov:skip=CKV_AWS_144: rebuilt by `npm run package` at any time; no need for a copy in another region.
  # checkov:skip=CKV_AWS_145: not secret; encrypted with the bucket's own key (AES256).
  # checkov:skip=CKV2_AWS_62: nobody waits for an event of this bucket.
  count = local.artifact_upload ? 1 : 0

  bucket_prefix = "${var.name_prefix}-"
  force_destroy = true
  tags          = local.tags
}

resource "aws_s3_bucket_ownership_controls" "artifact" {
  count = local.artifact_upload ? 1 : 0

  bucket = aws_s3_bucket.artifact[0].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "artifact" {
  count = local.artifact_upload ? 1 : 0

  bucket                  = aws_s3_bucket.artifact[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "artifact" {
  count = local.artifact_upload ? 1 : 0

  bucket = aws_s3_bucket.artifact[0].id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_versioning" "artifact" {
  count = local.artifact_upload ? 1 : 0

  bucket = aws_s3_bucket.artifact[0].id

  versioning_configuration {
    status = "Enabled"
  }
}

data "aws_iam_policy_document" "artifact" {
  count = local.artifact_upload ? 1 : 0

  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.artifact[0].arn, "${aws_s3_bucket.artifact[0].arn}/*"]

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

resource "aws_s3_bucket_policy" "artifact" {
  count = local.artifact_upload ? 1 : 0

  bucket = aws_s3_bucket.artifact[0].id
  policy = data.aws_iam_policy_document.artifact[0].json

  depends_on = [aws_s3_bucket_public_access_block.artifact]
}

resource "aws_s3_bucket_lifecycle_configuration" "artifact" {
  count = local.artifact_upload ? 1 : 0

  bucket = aws_s3_bucket.artifact[0].id

  rule {
    id     = "abandoned-uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  rule {
    id     = "previous-versions"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      newer_noncurrent_versions = var.artifact_versions_kept
      noncurrent_days           = 1
    }
  }

  depends_on = [aws_s3_bucket_versioning.artifact]
}

resource "aws_s3_object" "artifact" {
  count = local.artifact_upload ? 1 : 0

  bucket             = aws_s3_bucket.artifact[0].id
  key                = local.artifact_key
  source             = var.artifact_file
  source_hash        = local.artifact_sha256
  checksum_algorithm = "SHA256"
  tags               = local.tags

  depends_on = [
    aws_s3_bucket_ownership_controls.artifact,
    aws_s3_bucket_versioning.artifact,
    aws_s3_bucket_policy.artifact,
    aws_s3_bucket_public_access_block.artifact,
    aws_s3_bucket_server_side_encryption_configuration.artifact,
  ]
}
