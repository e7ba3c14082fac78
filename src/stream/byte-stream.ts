/** Bytes at every boundary between modules. Pieces are about 1 MiB where we make them; a consumer must not keep or change a piece after asking for the next. */
export type ByteStream = AsyncIterable<Uint8Array>

/** How much is read, compressed or sent at once: smaller pieces double the cost, larger ones gain nothing. */
export const PIECE = 1 << 20
