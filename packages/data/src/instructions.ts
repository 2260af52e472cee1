// The instructions of the nano preset: one short sentence each, because every token of the prompt costs compute in
// every step. Generic pre-training has none (LLaVA's plain template: image, caption).

export const instructions = {
  score: ['rate the aesthetics of this photo .'],
  comment: ['comment on this photo .'],
  sslSingle: ['which defect does this photo show ?'],
  sslPair: ['compare the first photo with the second .'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type InstructionKind = keyof typeof instructions;
