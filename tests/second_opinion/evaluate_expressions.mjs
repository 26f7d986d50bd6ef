// Reads a JSON list of {expression, variables} from stdin and evaluates each with the reference
// implementation of JSONata. Writes {value} for each, {undefined: true} where there is none, or
// {error}. The version is the one that the AWS Step Functions Developer Guide names (2.0.6).
import { text } from 'node:stream/consumers'
import jsonata from 'jsonata'

async function evaluate({ expression, variables, milliseconds }) {
  try {
    const parsed = jsonata(expression)
    parsed.registerFunction('parse', (source) => JSON.parse(source), '<s:x>')
    parsed.registerFunction('millis', () => milliseconds, '<:n>')
    const value = await parsed.evaluate(undefined, variables)
    return value === undefined ? { undefined: true } : { value }
  } catch (error) {
    return { error: String(error.message ?? error) }
  }
}

const answers = []
for (const each of JSON.parse(await text(process.stdin))) answers.push(await evaluate(each))
process.stdout.write(JSON.stringify(answers))
