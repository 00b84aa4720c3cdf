/** What somebody shows who logs in: a name with a secret, or a token (or key) that is there already. */
export type Proof = { readonly username: string; readonly secret: string } | { readonly tokenId: string };
