// Where steps come from. Whatever feeds the page has these four, and the page asks for no more:
//
//   source.header      the first line of mesim.steps/1
//   source.count       how many steps there are
//   source.step(i)     the step at place i, from 1: a record of mesim.steps/1
//   source.states(i)   if steps were left out before place i, the states of lines there, else undefined
//
// A step's place is its number, unless steps were left out.

/** Steps that were recorded: a line each, read when it is asked for; `starts` are the places behind
    what was left out. */
export function recordedSource(text, starts) {
  const states = new Map(starts.map((start) => [start.at, start.states]));
  const lines = text.split("\n").slice(1, -1);
  const read = (at) => JSON.parse(lines[at].endsWith(",") ? lines[at].slice(0, -1) : lines[at]);
  return {
    header: read(0),
    count: lines.length - 1,
    step: (i) => read(i),
    states: (i) => states.get(i),
  };
}

/** Returns how many steps were left out before a place. */
export function leftOut(source, i) {
  if (source.states(i) === undefined) {
    return 0;
  }
  return source.step(i).i - (i === 1 ? 0 : source.step(i - 1).i) - 1;
}

/** Returns the place of a step by its number: of one that was left out, that of the one before it. */
export function placeOf(source, number) {
  let [low, high] = [1, source.count];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (source.step(middle).i <= number) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}
