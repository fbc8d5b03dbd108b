// Evaluates search parameters with fhirpath.js: one job per line of standard input, one answer per line of standard
// output, as conformance/validator/.../Expressions.java does with HL7's engine, but values only, without their types.
//
// Job: {"release", "resource", "parameters": [{"code", "expressions": []}]}
// Answer: {code: [value, ...]}, only of parameters with a value; {"failure": words} in place of values.

import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const require = createRequire(import.meta.url);
const fhirpath = require('fhirpath');
const MODELS = { r4: require('fhirpath/fhir-context/r4'), r4b: require('fhirpath/fhir-context/r4'), r5: require('fhirpath/fhir-context/r5') };

// A reference is not followed: its type is read from its text, as the search chapter says.
// https://hl7.org/fhir/R5/search.html#reference
const FUNCTIONS = { refersTo: { fn: (references, type) => references.map((one) => typeOf(one) === type), arity: { 1: ['String'] } } };
const withoutResolve = (expression) => expression.replace(/resolve\(\) is (\w+)/g, "refersTo('$1')");

function typeOf(reference) {
  return /(?:^|\/)([A-Z][A-Za-z]+)\/[A-Za-z0-9.-]{1,64}(?:\/_history\/[^/]+)?$/.exec(reference?.reference ?? '')?.[1];
}

const compiled = new Map();
function evaluator(expression, release) {
  const key = `${release} ${expression}`;
  if (!compiled.has(key)) compiled.set(key, fhirpath.compile(withoutResolve(expression), MODELS[release], { userInvocationTable: FUNCTIONS }));
  return compiled.get(key);
}

function valuesOf({ expressions }, resource, release) {
  const found = new Map();
  for (const expression of expressions) {
    for (const value of evaluator(expression, release)(resource)) found.set(JSON.stringify(value), value);
  }
  return [...found.values()];
}

for await (const line of createInterface({ input: process.stdin })) {
  const { release, resource, parameters } = JSON.parse(line);
  const answer = {};
  for (const parameter of parameters) {
    try {
      const values = valuesOf(parameter, resource, release);
      if (values.length) answer[parameter.code] = values;
    } catch (error) {
      answer[parameter.code] = { failure: String(error.message ?? error) };
    }
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
