/** A message of AWS as a sentence, which another one may follow: AWS ends only some with a full stop. */
export const sentence = (message: string): string => message.replace(/\.?$/, '.');
