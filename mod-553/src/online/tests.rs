//! What holds of every detector: it resumes where it was, refuses what would blind it without being moved by it, and reads no state
//! that could make it panic.

use super::*;
use proptest::prelude::*;

/// Every detector, set so that it alarms within a few hundred values.
fn detectors() -> Vec<Settings> {
    vec![
        Settings::Adwin(AdwinSettings { clock: 8, ..AdwinSettings::default() }),
        Settings::PageHinkley(PageHinkleySettings { threshold: 5.0, ..PageHinkleySettings::default() }),
        Settings::Kswin(KswinSettings { window_size: 40, stat_size: 12, ..KswinSettings::default() }),
        Settings::Ddm(DdmSettings::default()),
        Settings::Eddm(EddmSettings::default()),
        Settings::HddmA(HddmASettings { two_sided_test: true, ..HddmASettings::default() }),
        Settings::HddmW(HddmWSettings { two_sided_test: true, ..HddmWSettings::default() }),
    ]
}

fn signals(detector: &mut Detector, values: &[f64]) -> Vec<Signal> {
    values.iter().map(|value| detector.update(*value).unwrap()).collect()
}

/// Errors whose rate changes: all detectors take them.
fn stream() -> impl Strategy<Value = Vec<f64>> {
    (0.0..1.0_f64, 0.0..1.0_f64, 0..400_usize, 0..400_usize, any::<u64>()).prop_map(|(before, after, m, n, seed)| {
        let mut random = fastrand::Rng::with_seed(seed);
        (0..m + n).map(|index| f64::from(random.f64() < if index < m { before } else { after })).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn resumed_is_as_straight_through(values in stream(), cut in 0.0..1.0_f64) {
        let cut = (cut * values.len() as f64) as usize;
        for settings in detectors() {
            let mut straight = Detector::new(&settings).unwrap();
            let expected = signals(&mut straight, &values);
            let mut first = Detector::new(&settings).unwrap();
            let mut found = signals(&mut first, &values[..cut]);
            let kept = serde_json::to_vec(&first).unwrap();
            let mut second: Detector = serde_json::from_slice(&kept).unwrap();
            found.extend(signals(&mut second, &values[cut..]));
            prop_assert_eq!(&found, &expected);
            prop_assert_eq!(serde_json::to_string(&second).unwrap(), serde_json::to_string(&straight).unwrap());
        }
    }

    #[test]
    fn what_is_refused_moves_nothing(values in stream(), at in any::<prop::sample::Index>(), bad in 0..5_usize) {
        let bad = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e141, -1e300][bad];
        for settings in detectors() {
            let mut plain = Detector::new(&settings).unwrap();
            let mut disturbed = Detector::new(&settings).unwrap();
            let place = at.index(values.len() + 1);
            prop_assert_eq!(signals(&mut plain, &values[..place]), signals(&mut disturbed, &values[..place]));
            prop_assert!(disturbed.update(bad).is_err());
            prop_assert_eq!(signals(&mut plain, &values[place..]), signals(&mut disturbed, &values[place..]));
        }
    }

    #[test]
    fn no_state_makes_a_detector_panic(
        values in stream(), which in 0..7_usize, places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)
    ) {
        let mut detector = Detector::new(&detectors()[which]).unwrap();
        signals(&mut detector, &values);
        let mut bytes = serde_json::to_vec(&detector).unwrap();
        for (place, byte) in places {
            let place = place.index(bytes.len());
            // A digit for a digit leaves JSON whole, and so comes further.
            bytes[place] = if bytes[place].is_ascii_digit() { b'0' + byte % 10 } else { byte };
        }
        if let Ok(mut detector) = serde_json::from_slice::<Detector>(&bytes) {
            for _ in 0..500 {
                let _ = detector.update(1.0);
                let _ = detector.update(0.0);
            }
        }
    }

    #[test]
    fn random_text_is_no_state(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(serde_json::from_slice::<Detector>(&bytes).is_err());
    }
}

#[test]
fn everything_finds_a_great_change_and_nothing_before() {
    let values: Vec<f64> = (0..1000).map(|index| f64::from(u8::from(index % 10 == 9 || index >= 500))).collect();
    for settings in detectors() {
        let mut detector = Detector::new(&settings).unwrap();
        let found = signals(&mut detector, &values);
        let first = found.iter().position(|signal| *signal == Signal::Drift).unwrap();
        assert!((500..700).contains(&first), "{settings:?}: {first}");
    }
}

#[test]
fn settings_are_data_with_rivers_defaults() {
    let check = |text: &str, expected: Settings| {
        assert_eq!(serde_json::from_str::<Settings>(text).unwrap(), expected);
    };
    check(r#"{"detector":"adwin"}"#, Settings::Adwin(AdwinSettings::default()));
    check(
        r#"{"detector":"page_hinkley","mode":"up"}"#,
        Settings::PageHinkley(PageHinkleySettings { mode: Direction::Up, ..PageHinkleySettings::default() }),
    );
    assert!(serde_json::from_str::<Settings>(r#"{"detector":"adwin","detla":0.1}"#).is_err());
}

#[test]
fn errors_say_what_to_do() {
    let said =
        |settings: Settings, value: f64| Detector::new(&settings).and_then(|mut it| it.update(value)).unwrap_err();
    let all = [
        said(Settings::Adwin(AdwinSettings::default()), f64::NAN),
        said(Settings::Adwin(AdwinSettings::default()), 1e200),
        said(Settings::Ddm(DdmSettings::default()), 0.5),
        said(Settings::HddmA(HddmASettings::default()), -3.0),
        said(Settings::Adwin(AdwinSettings { delta: 2.0, ..AdwinSettings::default() }), 0.0),
        said(Settings::Kswin(KswinSettings { stat_size: 90, ..KswinSettings::default() }), 0.0),
    ];
    let text: Vec<String> = all.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(text.join("\n"), @"
    the value is NaN, and a detector that took it would never alarm again: leave missing values out and count them apart
    the value 1e200 is beyond ±1e140: scale the column, or look for a wrong unit
    ddm takes errors, 0 for a right answer and 1 for a wrong one; found 0.5: numbers are for adwin, page_hinkley and kswin
    hddm_a takes values from 0 to 1; found -3: its bounds hold for no others, so scale it or use adwin
    adwin: delta is 2, and must be between 0 and 1
    kswin: stat_size is 90, and must be at most half of window_size
    ");
}
