//! The explorer: configurations looked at a second, and the events performed to get there.

use std::hint::black_box;
use std::ops::ControlFlow;

use coherence::Protocol;
use coherence::explore::{Exploration, Model, explore};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

fn run(model: &Model) -> Exploration {
    explore(model, &mut |_| ControlFlow::Continue(())).expect("the model is within its bounds")
}

fn search(c: &mut Criterion) {
    let built_in = |name| Protocol::built_in(name).expect("a built-in protocol").clone();
    let small =
        |name, cores, lines| Model { cores, lines, capacity: lines, ..Model::new(built_in(name)) };
    let models = [
        ("MESI, 4 cores, 1 line", small("MESI", 4, 1)),
        ("MESI, 4 cores, 2 lines", small("MESI", 4, 2)),
        ("MESI, 4 cores, 2 lines, symmetry", Model { symmetry: true, ..small("MESI", 4, 2) }),
        ("MOESI, 3 cores, 2 lines", small("MOESI", 3, 2)),
    ];
    for (name, model) in models {
        let found = run(&model);
        for (unit, elements) in [("states", found.states), ("events", found.edges)] {
            let mut group = c.benchmark_group(format!("explore/{unit}"));
            group.sample_size(10).throughput(Throughput::Elements(elements));
            group.bench_function(BenchmarkId::from_parameter(name), |b| {
                b.iter(|| black_box(run(&model)));
            });
            group.finish();
        }
    }
}

criterion_group!(benches, search);
criterion_main!(benches);
