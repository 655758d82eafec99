/** A number of bytes for people: `1.5 KiB`, `12.0 MiB`. */
export const sizeText = (bytes: number): string => bytes < 1 << 20 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / (1 << 20)).toFixed(1)} MiB`;
