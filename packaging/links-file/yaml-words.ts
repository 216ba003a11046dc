import type { ErrorCode } from 'yaml';
import { inLine } from './in-line.ts';

// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
const CLOUDFORMATION =
  /^!(And|Base64|Cidr|Condition|Equals|FindInMap|GetAtt|GetAZs|If|ImportValue|Join|Length|Not|Or|Ref|Select|Split|Sub|ToJsonString|Transform)$/;

/** What is wrong with the tag of a value; the sentence continues after the value's key. */
export function tagSentence(tag: string): string {
  const shown = inLine(tag);
  if (CLOUDFORMATION.test(tag)) {
    return `has ${shown}, a function of CloudFormation, which links.yml does not evaluate: write the value itself`;
  }
  return /^!(!|<)/.test(tag)
    ? `has ${shown}, a YAML type that links.yml does not use: write the value without it`
    : `has ${shown}, which starts with ! and is a YAML tag: put it in quotes`;
}

/** A sentence about a line that has no blank after its colon. */
const unspaced = (line: string): string | undefined => {
  const [, key, value] = /^\s*(?:- )?([\w-]+):(\S.*)$/.exec(line) ?? [];
  return key && value
    ? `${inLine(`${key}:${value}`)} needs a blank after the colon: write ${inLine(`${key}: ${value}`)}`
    : undefined;
};

const NO_VALUE =
  'has no value: write each key on its own line, with a colon, a blank and its value';

const fixed: Partial<Record<ErrorCode, string>> = {
  ALIAS_PROPS: 'an alias (*) has an anchor or a tag: remove one of the two',
  BAD_DIRECTIVE:
    'a line that starts with % is a YAML directive, which links.yml does not use: remove it',
  BAD_INDENT:
    'the indentation is wrong: keys of one map and items of one list start in the same column, and a [ or { is closed before the next key',
  BLOCK_AS_IMPLICIT_KEY:
    'a value can not be followed by another key: put a value that contains ": " in quotes, and start a map on the next line',
  KEY_OVER_1024_CHARS: 'a key is longer than 1,024 characters: shorten it',
  MISSING_CHAR:
    'a character is missing here: check brackets, commas, blanks and the colon after each key',
  MULTIPLE_ANCHORS: 'a value has two anchors (&): remove one',
  MULTIPLE_DOCS:
    'a second YAML document starts here, but links.yml must be one document: remove the line with --- or ...',
  MULTIPLE_TAGS: 'a value has two tags (!): remove them, or put the text in quotes',
  NON_STRING_KEY: 'a key must be plain text: write it without brackets or an alias',
  RESOURCE_EXHAUSTION: 'brackets or indentation are nested too deeply: a link needs five levels',
  TAB_AS_INDENT: 'the indentation has a tab, which YAML does not allow: indent with spaces',
};

/**
 * A YAML error as one sentence that says what to do. The messages of the YAML library are for programmers.
 *
 * @param from the offset at which the library reports the error.
 */
export function yamlSentence(code: ErrorCode, text: string, from: number): string {
  const lineStart = text.lastIndexOf('\n', from - 1) + 1;
  const [line = ''] = text.slice(lineStart).split(/\r?\n/, 1);
  const [word = ''] = text.slice(from).split(/[\s,:[\]{}]/, 1);
  switch (code) {
    case 'MULTILINE_IMPLICIT_KEY':
      return unspaced(line) ?? `${inLine(line.trim())} ${NO_VALUE}`;
    case 'MISSING_CHAR':
      return unspaced(line) ?? fixed.MISSING_CHAR ?? '';
    case 'DUPLICATE_KEY':
      return `${inLine(word)} is already a key of the same map: remove or rename one of the two`;
    case 'BAD_ALIAS':
      return `${inLine(word)} is not the name of a YAML anchor or alias: put text that starts with * or & in quotes`;
    case 'BAD_SCALAR_START':
      return `${inLine(word)} starts with a character that YAML reserves: put it in quotes`;
    case 'BAD_DQ_ESCAPE':
      return `${inLine(text.slice(from, from + 2))} is not an escape in double quotes: use single quotes, or double the backslash`;
    default:
      return (
        fixed[code] ??
        `${inLine(word || text.charAt(from)) || 'this'} is not allowed here: check brackets, quotes and indentation`
      );
  }
}
