//! Known answers, and what the methods promise, on made-up calls.

use super::*;

fn parts(values: &[f64]) -> Vec<Part> {
    values.iter().map(|&v| Part::new(v, 1.0)).collect()
}

fn pairs(differences: &[f64]) -> Vec<(Part, Part)> {
    differences.iter().map(|&d| (Part::new(0.0, 1.0), Part::new(d, 1.0))).collect()
}

fn p(pairs: &[(Part, Part)]) -> f64 {
    paired(pairs, 7).expect("both have a value").p
}

#[test]
fn ratio_of_sums() {
    let parts = [Part::new(1.0, 4.0), Part::new(3.0, 4.0), Part::default()];
    assert_eq!(ratio(&parts, &[1, 1, 1]), Some(0.5));
    assert_eq!(ratio(&parts, &[3, 1, 9]), Some(0.375));
    assert_eq!(ratio(&parts, &[0, 0, 1]), None);
}

#[test]
fn exact_where_few_calls_differ() {
    // Of 2^5 ways to swap only the observed one and its mirror image reach so far.
    assert_eq!(p(&pairs(&[1.0; 5])), 2.0 / 32.0);
    assert_eq!(p(&pairs(&[1.0; 13])), 2.0 / 8192.0);
    assert_eq!(p(&pairs(&[1.0, 1.0, 1.0, -1.0])), 10.0 / 16.0);
    assert_eq!(p(&pairs(&[1.0, -1.0])), 1.0);
    assert_eq!(p(&pairs(&[0.0; 9])), 1.0);
    // Calls that are the same say nothing, and do not make it more certain.
    assert_eq!(p(&pairs(&[0.0, 2.0, 0.0, 2.0, 0.0])), 0.5);
}

#[test]
fn drawn_where_many_do_and_never_zero() {
    assert_eq!(p(&pairs(&[1.0; 100])), 1.0 / 10_001.0);
    // Binomial: 2 * P(at least 60 of 100) = 0.0569.
    let mostly: Vec<f64> = (0..100).map(|i| if i < 60 { 1.0 } else { -1.0 }).collect();
    let found = p(&pairs(&mostly));
    assert!((found - 0.0569).abs() < 0.01, "{found}");
    assert_eq!(paired(&pairs(&mostly), 7), paired(&pairs(&mostly), 7));
}

#[test]
fn a_side_without_a_value() {
    let none = [(Part::new(1.0, 1.0), Part::default()); 4];
    assert_eq!(paired(&none, 1), None);
    assert_eq!(paired(&[], 1), None);
    // The word errors of a call that only one run could count.
    let one = [(Part::new(1.0, 2.0), Part::default()), (Part::default(), Part::new(2.0, 2.0))];
    assert_eq!(p(&one), 1.0);
}

#[test]
fn too_few_to_tell() {
    let check = |differing, alpha, want| {
        assert_eq!(Paired { differing, p: 1.0 }.is_hopeless(alpha), want, "{differing} {alpha}");
    };
    check(0, 0.05, true);
    check(5, 0.05, true);
    check(6, 0.05, false);
    check(7, 0.01, true);
    check(8, 0.01, false);
    check(1_000, 0.01, false);
}

#[test]
fn holms_correction() {
    let check = |p: &[f64], want: &[f64]| {
        for (got, want) in holm(p).iter().zip(want) {
            assert!((got - want).abs() < 1e-12, "{p:?}: {got} {want}");
        }
    };
    check(&[], &[]);
    check(&[0.03], &[0.03]);
    check(&[0.01, 0.04, 0.03, 0.005], &[0.03, 0.06, 0.06, 0.02]);
    check(&[0.5, 0.9], &[1.0, 1.0]);
}

#[test]
fn intervals_of_what_does_not_vary() {
    assert_eq!(interval(1, 1, |_| Some(1.0)), None);
    assert_eq!(interval(9, 1, |_| None), None);
    assert_eq!(interval(9, 1, |_| Some(2.0)), Some(Interval { low: 2.0, high: 2.0 }));
}

#[test]
fn an_interval_is_as_wide_as_the_normal_one() {
    // 30 of 100: 0.3 +- 1.96 * 0.0458.
    let values: Vec<f64> = (0..100).map(|i| if i < 30 { 1.0 } else { 0.0 }).collect();
    let found = interval(100, 3, |weights| ratio(&parts(&values), weights)).expect("varies");
    assert!((found.low - 0.21).abs() < 0.015, "{found:?}");
    assert!((found.high - 0.39).abs() < 0.015, "{found:?}");
}

/// A call's word errors: as many words as a call has, each wrong with a chance of the call's own.
fn call(rng: &mut StdRng, wrong: f64) -> Part {
    let words = rng.random_range(10..60);
    let wrong = wrong * rng.random_range(0.5..1.5);
    let errors = (0..words).filter(|_| rng.random_bool(wrong)).count();
    Part::new(errors as f64, f64::from(words))
}

#[test]
fn intervals_cover_the_truth_as_often_as_they_say() {
    const SAMPLES: usize = 600;
    let mut rng = StdRng::seed_from_u64(20);
    let mut covered = 0;
    for _ in 0..SAMPLES {
        let calls: Vec<Part> = (0..60).map(|_| call(&mut rng, 0.2)).collect();
        let found = interval_of(calls.len(), 400, &mut rng, |w| ratio(&calls, w)).expect("varies");
        covered += usize::from(found.low <= 0.2 && 0.2 <= found.high);
    }
    let share = covered as f64 / SAMPLES as f64;
    assert!((share - COVERAGE).abs() < 0.03, "{share}");
}

/// How often one of `metrics` is found to differ at 0.05 after the correction, of `runs` pairs of
/// runs over 40 calls, the second's first metric being wrong with the chance `planted`.
fn alarms(runs: usize, metrics: usize, planted: f64) -> f64 {
    let mut rng = StdRng::seed_from_u64(30);
    let mut alarms = 0;
    for _ in 0..runs {
        let found: Vec<f64> = (0..metrics)
            .filter_map(|metric| {
                let wrong = if metric == 0 { planted } else { 0.2 };
                let pairs: Vec<_> =
                    (0..40).map(|_| (call(&mut rng, 0.2), call(&mut rng, wrong))).collect();
                paired_of(&pairs, 299, &mut rng)
            })
            .map(|paired| paired.p)
            .collect();
        alarms += usize::from(holm(&found).iter().any(|p| *p <= 0.05));
    }
    alarms as f64 / runs as f64
}

#[test]
fn no_change_raises_few_alarms_and_a_real_one_is_found() {
    // 1,000 comparisons: three standard errors are 0.021.
    let one = alarms(1_000, 1, 0.2);
    assert!(one <= 0.071, "{one}");
    assert!(one >= 0.029, "so few that the test must be too cautious: {one}");
    let eight = alarms(200, 8, 0.2);
    assert!(eight <= 0.096, "{eight}");
    let found = alarms(100, 1, 0.3);
    assert!(found > 0.95, "{found}");
}
