/** Whether a value (`listen.host`) and everything it stands in passed the schema, so that a rule may read it. */
export type IsSound = (path: string) => boolean;
