// Evaluates expressions with GitHub's own package: one JSON document in, one out.
// in:  {"contexts": {name: value}, "functions": {name: boolean}, "expressions": [text]}
// out: [{"kind", "text"} or {"error"}], in the same order
import { join } from "node:path";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const dist = join(process.argv[2], "node_modules/@actions/expressions/dist");
const load = (file) => import(pathToFileURL(join(dist, file)));
const { Lexer, Parser, Evaluator, data } = await load("index.js");
const { reviver } = await load("data/reviver.js");
const { replacer } = await load("data/replacer.js");

const asked = JSON.parse(readFileSync(0, "utf8"));
const pairs = Object.entries(asked.contexts).map(([key, value]) => ({ key, value: JSON.parse(value, reviver) }));
const contexts = new data.Dictionary(...pairs);
const functions = Object.entries(asked.functions).map(([name, value]) => ({
  name, description: "", minArgs: 0, maxArgs: 0, call: () => new data.BooleanData(value),
}));
const byName = new Map(functions.map((each) => [each.name.toLowerCase(), each]));

function answer(expression) {
  try {
    const tree = new Parser(new Lexer(expression).lex().tokens, Object.keys(asked.contexts), functions).parse();
    const value = new Evaluator(tree, contexts, byName).evaluate();
    const kind = data.Kind[value.kind];
    if (kind === "Number") return { kind, text: String(value.value) };
    return { kind, text: value.primitive ? value.coerceString() : JSON.stringify(value, replacer, "  ") };
  } catch (error) {
    return { error: String(error.message) };
  }
}
process.stdout.write(JSON.stringify(asked.expressions.map(answer)));
