// Reads a JSON list of state machine definitions from stdin. Writes, for each, the problems that
// asl-validator and AWS's own language service find in it.
import { createRequire } from 'node:module'
import { text } from 'node:stream/consumers'

const require = createRequire(import.meta.url)
const validate = require('asl-validator')
const { getLanguageService, TextDocument } = require('amazon-states-language-service')

const service = getLanguageService({})

async function diagnostics(definition) {
  const source = JSON.stringify(definition, null, 2)
  const document = TextDocument.create('file:///definition.asl.json', 'asl', 1, source)
  const found = await service.doValidation(document, service.parseJSONDocument(document))
  return found.map((each) => `line ${each.range.start.line + 1}: ${each.message}`)
}

function errors(definition) {
  const { isValid, errors: found } = validate(definition)
  return isValid ? [] : found.map((each) => `${each['Error code']}: ${each.Message}`)
}

const answers = []
for (const definition of JSON.parse(await text(process.stdin))) {
  answers.push({
    'asl-validator': errors(definition),
    'amazon-states-language-service': await diagnostics(definition),
  })
}
process.stdout.write(JSON.stringify(answers))
