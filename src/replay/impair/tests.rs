//! What lines do is measured.

use super::*;
use crate::audio::level::{dbfs, rms};
use crate::audio::loudness::active_level;
use crate::audio::{AudioFrame, FRAME_SAMPLES};
use rand::SeedableRng;
use rand::rngs::StdRng;

/// Bursts of a buzz and pauses, as long as `frames`.
fn talk(frames: usize, pitch: usize) -> Vec<AudioFrame> {
    let sample = |n: usize| {
        let decay = (-((n % pitch) as f32) / 12.0).exp();
        let on = n % 12_000 < 6_000;
        if on { (9_000.0 * decay) as i16 - 600 } else { 0 }
    };
    (0..frames)
        .map(|f| AudioFrame(std::array::from_fn(|i| sample(f * FRAME_SAMPLES + i))))
        .collect()
}

fn samples(frames: &[AudioFrame]) -> Vec<i16> {
    frames.iter().flat_map(|f| f.0).collect()
}

fn line(text: &str, seed: u64, speech: f32) -> ImpairedLine {
    let voices: Vec<Vec<i16>> = [40, 53, 61].map(|p| samples(&talk(400, p))).into();
    let voices: Arc<[i16]> = babble(&voices, 7).into();
    Impairment::parse(text).unwrap().line(seed, speech, &voices).unwrap()
}

fn heard(text: &str, seed: u64, frames: &[AudioFrame]) -> (Vec<i16>, NetworkStats) {
    let mut line = line(text, seed, active_level(&samples(frames)));
    let heard: Vec<AudioFrame> = frames.iter().map(|frame| line.frame(frame)).collect();
    (samples(&heard), line.stats())
}

#[test]
fn texts_are_read_and_written_alike() {
    let check = |text: &str, want: &str| {
        let read = Impairment::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!(read.to_string(), want);
        assert_eq!(Impairment::parse(want).as_ref(), Ok(&read));
    };
    let all = "loss=5,burst=2.5,jitter=40,noise=babble@10dB,codec=pcma,gain=-12";
    check(all, all);
    check(
        "gain=-12dB, noise=pink@-3,jitter=40ms,loss=5%",
        "loss=5,jitter=40,noise=pink@-3dB,gain=-12",
    );
    check("none", "none");
    check("loss=0,burst=2", "none");
    check("codec=pcmu", "codec=pcmu");
}

#[test]
fn errors_name_the_key_and_what_is_expected() {
    let check = |text: &str, want: &str| {
        let error = Impairment::parse(text).unwrap_err().to_string();
        assert!(error.contains(want), "{text}: {error}");
    };
    check("", "write KEY=VALUE with loss");
    check("los=5", "\"los=5\": write KEY=VALUE");
    check("loss=5,", "\"\": write KEY=VALUE");
    check("loss=60", "loss=60: write a number from 0 to 50 (%)");
    check("loss=NaN", "loss=NaN: write a number");
    check("loss=5,loss=6", "loss: is there twice");
    check("burst=2", "give loss=PERCENT too");
    check("jitter=x", "jitter=x: write a number from 0 to 100 (ms)");
    check("codec=opus", "codec=opus: write pcmu or pcma");
    check("noise=babble", "noise=babble: write what and how far");
    check("noise=white@loud", "noise=loud: write a number from -20 to 60 (dB)");
    check("noise=nowhere.wav@3dB", "nowhere.wav: no wav");
    let line = Impairment::parse("noise=babble@3").unwrap().line(1, 0.0, &Arc::default());
    assert_eq!(line.err(), Some(ImpairError::NoVoices));
}

#[test]
fn a_good_line_brings_what_was_said_two_frames_later() {
    let said = talk(200, 53);
    // The first frame heard is blended with the silence before.
    let check = |text: &str, said: &[AudioFrame]| {
        let (heard, stats) = heard(text, 1, said);
        let all = samples(said);
        let due = &all[FRAME_SAMPLES..all.len() - 2 * FRAME_SAMPLES];
        assert!(heard[3 * FRAME_SAMPLES..] == *due, "{text}");
        assert_eq!((stats.sent, stats.lost, stats.late), (200, 0, 0));
    };
    check("none", &said);
    // What came over G.711 goes over it again unchanged.
    for (codec, law) in [("codec=pcmu", G711::Pcmu), ("codec=pcma", G711::Pcma)] {
        let once = |f: &AudioFrame| AudioFrame(f.0.map(|s| law.decode(law.encode(s))));
        check(codec, &said.iter().map(once).collect::<Vec<_>>());
    }
}

#[test]
fn the_same_seed_does_the_same() {
    let said = talk(150, 40);
    for text in ["loss=10,jitter=30", "noise=white@10", "noise=pink@10", "noise=babble@10"] {
        assert!(heard(text, 5, &said) == heard(text, 5, &said), "{text}");
        assert!(heard(text, 5, &said) != heard(text, 6, &said), "{text}");
    }
    let with_noise = heard("loss=10,jitter=30,noise=white@10", 5, &said).1;
    assert_eq!(with_noise, heard("loss=10,jitter=30", 5, &said).1);
}

#[test]
fn as_much_is_lost_as_asked_for_and_in_runs() {
    let check = |text: &str, loss: f64, run: f64| {
        let impairment = Impairment::parse(text).unwrap();
        let mut network = network::Network::new(&impairment, StdRng::seed_from_u64(3));
        let (mut lost, mut runs, mut before) = (0_u64, 0_u64, false);
        for _ in 0..60_000 {
            network.exchange(&AudioFrame::SILENCE);
            let now = network.stats().lost > lost;
            lost = network.stats().lost;
            runs += u64::from(now && !before);
            before = now;
        }
        let (share, mean) = (lost as f64 / 60_000.0, lost as f64 / runs as f64);
        assert!((share - loss).abs() < 0.01, "{text}: {share}");
        assert!((mean / run - 1.0).abs() < 0.1, "{text}: runs of {mean}");
    };
    check("loss=5", 0.05, 1.0 / 0.95);
    check("loss=20", 0.2, 1.0 / 0.8);
    check("loss=10,burst=4", 0.1, 4.0);
    check("loss=50,burst=1", 0.5, 1.0);
}

#[test]
fn late_packets_are_counted_and_few_where_the_buffer_suffices() {
    let said = talk(3_000, 53);
    let late = |text: &str| heard(text, 2, &said).1.late as f64 / said.len() as f64;
    assert_eq!(late("jitter=0"), 0.0);
    assert!(late("jitter=10") < 0.02, "{}", late("jitter=10"));
    let worse = late("jitter=60");
    assert!((0.05..0.7).contains(&worse), "{worse}");
}

#[test]
fn noise_lies_as_far_below_the_speech_as_asked() {
    let said = talk(500, 53);
    let speech = active_level(&samples(&said));
    for what in ["white", "pink", "babble"] {
        for snr_db in [0.0_f32, 10.0, 20.0] {
            // A gain changes nothing of the ratio.
            let text = format!("noise={what}@{snr_db}dB");
            let mut line = line(&text, 4, speech);
            let silent: Vec<AudioFrame> =
                (0..1_500).map(|_| line.frame(&AudioFrame::SILENCE)).collect();
            let noise = rms(&samples(&silent[3..]));
            let got = dbfs(speech) - dbfs(noise);
            assert!((got - snr_db).abs() < 0.5, "{text}: {got} dB");
        }
    }
}

#[test]
fn gain_raises_and_lowers_and_clips() {
    let said = talk(300, 53);
    let all = samples(&said);
    let level = |text: &str| dbfs(rms(&heard(text, 1, &said).0[2 * FRAME_SAMPLES..]));
    let plain = dbfs(rms(&all[..all.len() - 2 * FRAME_SAMPLES]));
    assert!((level("gain=-12") - plain + 12.0).abs() < 0.1);
    assert!((level("gain=6") - plain - 6.0).abs() < 0.1);
    let (loud, _) = heard("gain=40", 1, &said);
    assert_eq!(loud.iter().max(), Some(&i16::MAX));
}

#[test]
fn pink_falls_where_white_does_not() {
    // The first difference raises by 6 dB with each octave.
    let tilt = |text: &str| {
        let mut line = line(text, 9, 3_000.0);
        let frames: Vec<AudioFrame> = (0..400).map(|_| line.frame(&AudioFrame::SILENCE)).collect();
        let sound = samples(&frames[3..]);
        let steps: Vec<i16> = sound.windows(2).map(|w| w[1].saturating_sub(w[0])).collect();
        dbfs(rms(&steps)) - dbfs(rms(&sound))
    };
    let (white, pink) = (tilt("noise=white@0"), tilt("noise=pink@0"));
    assert!((white - 3.0).abs() < 0.3, "{white}");
    assert!((-8.0..-1.0).contains(&pink), "{pink}");
}

#[test]
fn over_a_recording_the_noise_is_as_loud_as_asked() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("noise.wav");
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 8_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut wav = hound::WavWriter::create(&file, spec).unwrap();
    (0..8_000).for_each(|i| wav.write_sample(if i % 14 < 7 { 50_i16 } else { -50 }).unwrap());
    wav.finalize().unwrap();
    let noise = Noise::load(std::slice::from_ref(&file)).unwrap();
    let voice = samples(&talk(100, 40));
    let mixed = noise.over(&voice, 6.0, &mut StdRng::seed_from_u64(1));
    let added: Vec<i16> = mixed.iter().zip(&voice).map(|(m, v)| m - v).collect();
    let snr_db = dbfs(rms(&voice)) - dbfs(rms(&added));
    assert!((snr_db - 6.0).abs() < 0.1, "{snr_db}");
    let text = format!("noise={}@6dB", file.display());
    assert_eq!(Impairment::parse(&text).unwrap().to_string(), text);
}
