// Reads a JSON list of {principal, action, resource, context, policies, resourcePolicy} (the last may
// be null) from stdin and decides each
// with an evaluator that has AWS's service authorization data. Writes {decision} for each, or
// {refused} where AWS has no such question: an action, resource type or condition key that the
// data does not know. A context key that the action does not have is named in `ignored`.
import { text } from 'node:stream/consumers'
import { runSimulation } from '@cloud-copilot/iam-simulate'

const everything = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }

async function decide({ principal, account, action, resource, context, policies, resourcePolicy }) {
  const simulation = {
    request: { principal, action, resource: { resource, accountId: account }, contextVariables: context },
    identityPolicies: policies,
    resourcePolicy: resourcePolicy ?? undefined,
    serviceControlPolicies: [{ orgIdentifier: 'root', policies: [{ name: 'all', policy: everything }] }],
    resourceControlPolicies: [],
  }
  const answer = await runSimulation(simulation, { simulationMode: 'Strict' })
  if (answer.resultType === 'error') return { refused: JSON.stringify(answer.errors) }
  const results = answer.resultType === 'single' ? [answer.result] : answer.results
  return {
    decision: answer.overallResult,
    ignored: [...new Set(results.flatMap((each) => each.ignoredContextKeys ?? []))],
  }
}

const answers = []
for (const each of JSON.parse(await text(process.stdin))) answers.push(await decide(each))
process.stdout.write(JSON.stringify(answers))
