import { normalForm } from '../settings/normal-form.ts';
import type { SchemaNode } from '../settings/schema-walk.ts';
import { ConfigSchema } from './schema.ts';

/** What is checked and described: the schema in normal form. */
export const settingsSchema: SchemaNode = normalForm(ConfigSchema);
