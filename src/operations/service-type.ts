/** The type that a catalog's word means: `Volume_v3` is `volume`. */
export function canonicalServiceType(type: string): string {
  return type
    .toLowerCase()
    .replace(/_/g, '-')
    .replace(/-?v\d{1,3}(?:\.\d{1,3})?$/, '');
}
