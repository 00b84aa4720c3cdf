/**
 * Whether a value (`listen.host`) and everything it stands in passed the schema, so that a rule may read it. Where a key is
 * a name somebody chose, and so may have a dot in it, the path is a list of keys. `listen.**` asks for all that stands in
 * it as well.
 */
export type IsSound = (path: string | readonly string[]) => boolean;

/**
 * Whether a value (`access.clients.0`), everything in it and everything it stands in passed the schema, so that a rule may
 * read all of it.
 */
export type IsWhole = (path: string) => boolean;
