import { alignColumns } from '../table.ts';
import { type Account, addsUp } from './account.ts';
import { count } from './world.ts';

const problemsShown = 20;

/** The account as people read it. */
export function formatAccount(account: Account): readonly string[] {
  const { sent, acknowledged, applied, stale, duplicate, dead, lost, problems } = account;
  const rows: [string, number, string][] = [
    ['sent', sent, 'messages that devices meant to send'],
    ['acknowledged', acknowledged, 'by PUBACK or 2xx'],
    ['applied', applied, 'in the history, with news for the state'],
    ['stale', stale, 'in the history; the state knew something newer'],
    ['duplicate', duplicate, 'sent again under the same id, kept once'],
    ['dead', dead, 'damaged on the way, kept as dead letters'],
    ['lost', lost, 'acknowledged, and nowhere'],
  ];
  const sum = [applied, stale, duplicate, dead].map(count).join(' + ');
  const verdict = addsUp(account)
    ? `It adds up: ${count(sent)} sent = ${count(acknowledged)} acknowledged = ${sum}, lost 0`
    : `It does not add up: ${count(sent)} sent, ${count(acknowledged)} acknowledged, ${sum}, lost ${count(lost)}`;
  return [
    ...alignColumns(
      rows.map(([name, number, meaning]) => [name, count(number), meaning]),
      ['left', 'right', 'left'],
    ),
    ...problems.slice(0, problemsShown).map((problem) => `! ${problem}`),
    ...(problems.length > problemsShown ? [`! and ${count(problems.length - problemsShown)} more`] : []),
    verdict,
  ];
}
