/**
 * What a frame may hold. The decoder checks a count before it makes room for it; the encoder asserts
 * the same limits, so that no end is ever refused for what its own software made.
 *
 * The limits of lists whose elements have a greatest size are such that a full list always fits one
 * frame. Lists of entries and of presence, which carry values, must be cut by size by whoever makes them.
 */

/** The newest version that is spoken and understood. */
export const WIRE_VERSION: number = 1;
/** The version is one byte, and 0 is none. */
export const WIRE_VERSION_MAX: number = 255;

/**
 * A whole frame. Every browser passes 65,536 in one message; larger ones hold up those behind them. Two of the largest
 * entries fit, or who wrote them could not be shown to have written both.
 */
export const FRAME_BYTES_MAX: number = 40_960;
/** A packet that stands alone: above every single packet there can be. */
export const PACKET_BYTES_MAX: number = 24_576;
/** The same as text, in characters: base64 makes four of three bytes. What the server carries has room for a seal besides. */
export const PACKET_TEXT_LENGTH_MAX: number = 32_768;

/** Member ids with a two-byte name, per link and direction. Later ones are written in full. */
export const INTERNED_IDS_MAX: number = 4_096;
/** Session keys likewise; there is one to a member. */
export const INTERNED_KEYS_MAX: number = 4_096;
/** Ranges of sequences that were passed over and may be told from seen ones, per link. */
export const SEQUENCE_GAPS_MAX: number = 64;

/** Names in UTF-8 bytes: three for each character that the layers allow. */
export const TOPIC_BYTES_MAX: number = 384;
export const FIELD_BYTES_MAX: number = 192;
export const COLLECTION_BYTES_MAX: number = 384;
export const KEY_BYTES_MAX: number = 1_536;
/** A session description or candidates, in UTF-8 bytes; real ones are 1 to 6 kB. */
export const DESCRIPTION_BYTES_MAX: number = 16_384;

/** Members in a packet's trail or in a walk's. */
export const TRAIL_MAX: number = 16;
/** Hops that a packet may be told to take: a walk's trail and a packet's, one after the other. */
export const ROUTE_MAX: number = 32;

/** Newcomers to whom another is referred. */
export const REFERRED_MAX: number = 10;

/** Heads in one announcement or in one part of a vector. */
export const HEADS_MAX: number = 512;
export const TREES_MAX: number = 512;
export const WANTS_MAX: number = 512;
/** Hops that a broadcast counts. */
export const ROUND_MAX: number = 64;
/** Milliseconds for which a broadcast was kept on its way. */
export const AGE_MS_MAX: number = 2 ** 32 - 1;

/** Neighbors that a links record names. */
export const NEIGHBORS_MAX: number = 32;
/** Accusations in a verdict. */
export const ACCUSATIONS_MAX: number = 16;
/** Claims told to one neighbor in one frame. */
export const CLAIMS_MAX: number = 8;
/** What an identity record's card holds. */
export const CARD_BYTES_MAX: number = 256;
/** A sealed message: the longest topic and value, and what sealing adds. */
export const SEALED_BYTES_MAX: number = 17_000;

/** Nodes of a hash tree, and leaves of a node. */
export const TREE_WIDTH: number = 16;
export const LEAVES_MAX: number = TREE_WIDTH * TREE_WIDTH;
/** Keys and versions in one frame, of all its leaves together. */
export const SUMMARIES_MAX: number = 512;
export const KEY_HASHES_MAX: number = 2_048;

/** Records in one delta, entries in one update. */
export const RECORDS_MAX: number = 512;
/** Fields that one member shows: twice what the presence layer allows by default. */
export const FIELDS_MAX: number = 64;

/** The greatest counter of a hybrid clock stamp. */
export const STAMP_COUNTER_MAX: number = 65_535;
