/** What keeps a text from being a regular expression, without quoting it; undefined: nothing. */
export function mistakeIn(text: string): string | undefined {
  try {
    new RegExp(text);
    return undefined;
  } catch (error) {
    return (error as Error).message.split(': ').at(-1)!.toLowerCase();
  }
}
