// Runs @cloud-copilot/iam-simulate as an outside program: one simulation per line in, one answer per line out.
//
//     node simulate.mjs DIRECTORY_WITH_NODE_MODULES < simulations.jsonl > answers.jsonl
//
// The package is called through its documented runSimulation() only. An answer is ["Allowed"], ["ImplicitlyDenied"],
// ["ExplicitlyDenied"], each followed by the context keys that it left out, or ["error", what it said].

import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'

const require = createRequire(join(resolve(process.argv[2]), 'package.json'))
const { runSimulation } = require('@cloud-copilot/iam-simulate')

const answers = []

function flush() {
  if (answers.length > 0) {
    process.stdout.write(answers.join('\n') + '\n')
    answers.length = 0
  }
}

async function answer(line) {
  try {
    const found = await runSimulation(JSON.parse(line), {})
    if (found.resultType === 'error') {
      return ['error', found.errors.message, found.errors]
    }
    const ignored = found.resultType === 'single' ? (found.result.ignoredContextKeys ?? []) : []
    return [found.overallResult, ...ignored]
  } catch (error) {
    return ['error', String(error)]
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  answers.push(JSON.stringify(await answer(line)))
  if (answers.length >= 1000) {
    flush()
  }
}
flush()
