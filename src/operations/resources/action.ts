import { metadataMember } from './metadata.ts';
import { personality } from './server.ts';
import type { DocumentShape, Member } from './shape.ts';

const action = (name: string, members: Record<string, Member> = {}): DocumentShape => ({
  key: name,
  namespace: 'compute',
  shape: { kind: 'object', element: name, members },
});

/** An action without content: JSON null, not `{}`. */
const bareAction = (name: string): DocumentShape => ({ ...action(name), empty: 'null' });

/** The server actions (guide section 2.3). Their attributes are plain strings, so most need no member. */
export const ACTION_DOCUMENTS = {
  changePassword: action('changePassword'),
  reboot: action('reboot'),
  rebuild: action('rebuild', { metadata: metadataMember, personality }),
  resize: action('resize'),
  confirmResize: bareAction('confirmResize'),
  revertResize: bareAction('revertResize'),
  rescue: bareAction('rescue'),
  unrescue: bareAction('unrescue'),
  createImage: action('createImage', { metadata: metadataMember }),
} as const;

/** The answer to rescue: `<adminPass>…</adminPass>` in no namespace (Example 2.45). */
export const adminPassDocument: DocumentShape = {
  key: 'adminPass',
  namespace: 'none',
  shape: { kind: 'text', element: 'adminPass' },
};

/** An extension's action of any name (section 1.10.3, Example 1.45); its members go by the general rule. */
export function extensionActionDocument(key: string, element: string): DocumentShape {
  return {
    key,
    namespace: 'compute',
    shape: { kind: 'object', element, members: {}, isFree: true },
    empty: 'null',
  };
}
