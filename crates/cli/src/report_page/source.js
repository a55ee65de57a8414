// Where steps come from. Whatever feeds the page has these three, and the page asks for no more:
//
//   source.header    the first line of mesim.steps/1
//   source.count     how many steps there are
//   source.step(i)   step i, from 1: a record of mesim.steps/1

/** Steps that were recorded: a line each, read when it is asked for. */
export function recordedSource(text) {
  const lines = text.split("\n").slice(1, -1);
  const read = (at) => JSON.parse(lines[at].endsWith(",") ? lines[at].slice(0, -1) : lines[at]);
  return {
    header: read(0),
    count: lines.length - 1,
    step: (i) => read(i),
  };
}
