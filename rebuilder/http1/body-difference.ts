/**
 * What makes servers read a body differently from a byte on. Of a chunked one: a bare LF in an extension, or behind a
 * size (`line_end`); a CR behind a size without its LF, or a size right behind data (`half_line_end`); other bytes
 * behind data than a line end (`data_rest`); a first line that those who know no chunks can read as a request line
 * (`request_line`); one behind the last chunk, or behind a bare CR further on, for those who know no trailers, or give
 * them up there (`trailer_line`); a byte that ends a size and is no digit (`size_end`). Of one of known length: its
 * first line is a request line (`request_line`), or goes on behind it (`cut_line`), for those who read no bodies.
 */
export type BodyDifference = 'line_end' | 'half_line_end' | 'data_rest' | 'request_line' | 'trailer_line' | 'size_end' | 'cut_line';
