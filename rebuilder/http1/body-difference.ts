/**
 * What makes servers read a body differently from a byte on. Of a chunked one: a bare LF in an extension, or behind a
 * size (`line_end`); a first line that those who know no chunks can read as a request line (`request_line`); one
 * behind the last chunk, for those who know no trailers (`trailer_line`); a byte that ends a size and is no digit
 * (`size_end`). Of one of known length: its first line is a request line (`request_line`), or goes on behind it
 * (`cut_line`), for those who read no bodies.
 */
export type BodyDifference = 'line_end' | 'request_line' | 'trailer_line' | 'size_end' | 'cut_line';
