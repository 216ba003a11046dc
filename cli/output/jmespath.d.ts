// The package has no types of its own.
declare module 'jmespath' {
  interface JmesPath {
    /** @throws Error named ParserError or LexerError if the expression is malformed. */
    compile(expression: string): unknown;
    /** @throws Error named as above, or RuntimeError or TypeError if a function gets what it can't take. */
    search(document: unknown, expression: string): unknown;
  }
  const jmespath: JmesPath;
  export default jmespath;
}
