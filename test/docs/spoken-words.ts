// What the sources say to people: their comments, and the text of their strings.
import { readFileSync } from 'node:fs';
import ts from 'typescript';

export interface Spoken { readonly comments: readonly string[]; readonly strings: readonly string[] }

export function spokenIn(file: string): Spoken {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  const comments = new Map<number, string>();
  const strings: string[] = [];
  const walk = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)) {
      strings.push(node.text);
    }
    // Comments stand before the tokens; a node that begins where its parent does has the same ones.
    for (const { pos, end } of ts.getLeadingCommentRanges(source.text, node.pos) ?? []) {
      comments.set(pos, source.text.slice(pos, end));
    }
    for (const child of node.getChildren(source)) walk(child);
  };
  walk(source);
  return { comments: [...comments.values()], strings };
}
