interface Tag {
  readonly Key?: string | undefined;
  readonly Value?: string | undefined;
}

/** Tags without AWS's own, which Terraform's provider does not show either. */
export function ownTags(tags: readonly Tag[] | undefined): ReadonlyMap<string, string> {
  return new Map(
    (tags ?? []).flatMap(({ Key: key, Value: value }) =>
      key === undefined || key.startsWith('aws:') ? [] : [[key, value ?? '']],
    ),
  );
}

export function tagOf(tags: readonly Tag[] | undefined, key: string): string | undefined {
  return tags?.find((tag) => tag.Key === key)?.Value;
}
