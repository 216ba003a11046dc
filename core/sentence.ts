/** A message of AWS as a sentence, which another one may follow: AWS ends only some with a full stop. */
export const sentence = (message: string): string => message.replace(/\.?$/, '.');

/** A count with what is counted, such as "1 entry" or "2 entries". */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`;

/** The first of several, and how many more there are. */
export const firstAndMore = ([first = '', ...more]: string[]): string =>
  more.length === 0 ? first : `${first} and ${more.length} more`;

/** The beginning of a text, of at most so many characters. It is cut off after a whole word. */
export function beginning(text: string, room: number): string {
  if (text.length <= room) return text;
  const cut = text.slice(0, room - 1);
  const end = text[room - 1] === ' ' ? room - 1 : cut.lastIndexOf(' ');
  return `${end > 0 ? cut.slice(0, end) : cut}…`;
}

/** The beginning of a text, of at most so many characters. If it is cut off, it says where the whole is. */
export const beginningOf = (text: string, room: number, whole: string): string =>
  text.length <= room ? text : `${beginning(text, room - whole.length - 1)} ${whole}`;
