/** A refusal in Neutron's own shape: `{"NeutronError": {"type", "message", "detail"}}`. */
export class NeutronError extends Error {
  override readonly name = 'NeutronError';
  readonly code: number;
  readonly type: string;

  constructor(code: number, type: string, message: string) {
    super(message);
    this.code = code;
    this.type = type;
  }
}
