# The service is one tarball in S3, named by its checksum: an instance installs what was planned, or nothing.

locals {
  artifact_upload = var.artifact_file != null
  artifact_sha256 = try(filesha256(var.artifact_file), var.artifact_sha256, null)
  artifact_key    = "vpc-mirror-${coalesce(local.artifact_sha256, "none")}.tar.gz"

  artifact_s3_uri = local.artifact_upload ? "s3://${aws_s3_bucket.artifact[0].bucket}/${local.artifact_key}" : coalesce(var.artifact_s3_uri, "s3://none/none")
  artifact_arn    = "arn:${data.aws_partition.current.partition}:s3:::${trimprefix(local.artifact_s3_uri, "s3://")}"
}

resource "aws_s3_bucket" "artifact" {
  # checkov:skip=CKV_AWS_18: one public-source tarball, read by the rebuilders' role only; nothing to learn from access logs.
  # checkov:skip=CKV_AWS_21: objects are named by their checksum and never change; versions would add nothing.
  # checkov:skip=CKV_AWS_144: rebuilt by `npm run package` at any time; no need for a copy in another region.
  # checkov:skip=CKV_AWS_145: not secret; encrypted with the bucket's own key (AES256).
  # checkov:skip=CKV_AWS_379: what arrives is checked by its SHA-256, and the AWS CLI and the provider use TLS.
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
}

resource "aws_s3_object" "artifact" {
  count = local.artifact_upload ? 1 : 0

  bucket             = aws_s3_bucket.artifact[0].id
  key                = local.artifact_key
  source             = var.artifact_file
  source_hash        = local.artifact_sha256
  checksum_algorithm = "SHA256"
  tags               = local.tags

  lifecycle {
    # Instances of the previous version may still start while the new one rolls out.
    create_before_destroy = true
  }

  depends_on = [
    aws_s3_bucket_ownership_controls.artifact,
    aws_s3_bucket_public_access_block.artifact,
    aws_s3_bucket_server_side_encryption_configuration.artifact,
  ]
}
