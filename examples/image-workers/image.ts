/** A grey picture of some size, made up from a number. */
export interface Job {
  readonly image: number;
  readonly width: number;
  readonly height: number;
}

export interface Thumbnail {
  readonly image: number;
  /** Mean grey of each of 8 × 8 fields. */
  readonly pixels: Buffer;
}

const fields = 8;

/** What takes long in real life. It changes nothing, so that it may be done again. */
export function shrink({ image, width, height }: Job): Thumbnail {
  const pixels = Buffer.alloc(fields * fields);
  for (let field = 0; field < pixels.length; field++) {
    let sum = 0;
    const [left, top] = [(field % fields) * (width / fields), Math.floor(field / fields) * (height / fields)];
    for (let y = top; y < top + height / fields; y++) {
      for (let x = left; x < left + width / fields; x++) sum += (x * 31 + y * 17 + image * 7) & 0xff;
    }
    pixels[field] = sum / ((width / fields) * (height / fields));
  }
  return { image, pixels };
}
