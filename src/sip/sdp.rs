//! Session descriptions (RFC 8866) and the offer/answer model (RFC 3264) for one G.711 stream with
//! telephone-events (RFC 4733). Syntax is the `sdp-types` crate's; what we agree to is ours.

use crate::audio::g711::G711;
use crate::leg::{Direction, RtpParams};
use sdp_types::{Attribute, Connection, Media, MediaType, Origin, Session, Time, TransportProto};
use std::net::{IpAddr, SocketAddr};

/// Longest description that is looked at, in bytes.
const DESCRIPTION_BYTES_MAX: usize = 16_384;
/// The payload type we offer for telephone-events; dynamic (RFC 3551 6), 101 by custom.
const DTMF_PAYLOAD: u8 = 101;

/// Why a description cannot be agreed to: 488 with a Warning (RFC 3261 21.4.26).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum SdpError {
    #[error("the session description is malformed")]
    Malformed,
    #[error("no audio stream over RTP/AVP")]
    NoPlainAudio,
    #[error("neither PCMU nor PCMA")]
    NoCommonCodec,
    #[error("no connection address")]
    NoAddress,
}

/// What the far end said about its audio, as an offer or as an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RemoteAudio {
    /// Where it listens.
    address: SocketAddr,
    /// The laws it takes, its favourite first.
    laws: Vec<G711>,
    dtmf_payload: Option<u8>,
    /// As it sees it.
    direction: Direction,
    /// Which m= line ours is.
    index: usize,
    /// Every m= line, for the answer to mirror (RFC 3264 6).
    lines: Vec<Line>,
}

/// The fixed part of an m= line.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    media: String,
    proto: String,
    formats: String,
}

impl RemoteAudio {
    /// Reads a description. Never panics, whatever the bytes.
    pub(super) fn parse(body: &[u8]) -> Result<RemoteAudio, SdpError> {
        if body.len() > DESCRIPTION_BYTES_MAX {
            return Err(SdpError::Malformed);
        }
        let session = Session::parse(body).map_err(|_| SdpError::Malformed)?;
        let plain = |m: &Media| {
            m.media.eq_ignore_ascii_case("audio") && m.port != 0 && is_plain_rtp(&m.proto)
        };
        let mut candidates = session.medias.iter().enumerate().filter(|(_, m)| plain(m)).peekable();
        if candidates.peek().is_none() {
            return Err(SdpError::NoPlainAudio);
        }
        let (index, media) =
            candidates.find(|(_, m)| !laws_of(m).is_empty()).ok_or(SdpError::NoCommonCodec)?;
        let connection = media.connections.first().or(session.connection.as_ref());
        let ip = connection.and_then(address_of).ok_or(SdpError::NoAddress)?;
        let direction = direction_of(&media.attributes)
            .or_else(|| direction_of(&session.attributes))
            .unwrap_or(Direction::SendRecv);
        let line = |m: &Media| Line {
            media: m.media.clone(),
            proto: m.proto.clone(),
            formats: m.fmt.clone(),
        };
        Ok(RemoteAudio {
            address: SocketAddr::new(ip, media.port),
            laws: laws_of(media),
            dtmf_payload: dtmf_payload_of(media),
            direction,
            index,
            lines: session.medias.iter().map(line).collect(),
        })
    }

    /// What a leg does under this description. `law` keeps what was agreed on before where the
    /// far end still takes it, so that a hold does not change the codec.
    pub(super) fn params(&self, law: Option<G711>) -> RtpParams {
        let kept = law.filter(|law| self.laws.contains(law));
        // RFC 3264 8.4: c=0.0.0.0 is the old way to say hold
        let direction = if self.address.ip().is_unspecified() {
            without_sending(self.direction)
        } else {
            self.direction
        };
        RtpParams {
            remote: self.address,
            law: kept.or(self.laws.first().copied()).unwrap_or(G711::Pcmu),
            dtmf_payload: self.dtmf_payload,
            direction: mirrored(direction),
        }
    }
}

/// Our side of one call's descriptions.
#[derive(Debug, Clone)]
pub(super) struct LocalAudio {
    address: SocketAddr,
    /// Laws to offer, the favourite first.
    laws: [G711; 2],
    id: u64,
    version: u64,
    last: Option<Session>,
}

impl LocalAudio {
    /// Media at `address`; `id` should be hard to guess and is only compared (RFC 8866 5.2).
    pub(super) fn new(address: SocketAddr, id: u64, prefer_pcma: bool) -> LocalAudio {
        let laws = if prefer_pcma { [G711::Pcma, G711::Pcmu] } else { [G711::Pcmu, G711::Pcma] };
        // an o= version is a 64-bit integer; small ones offend nobody
        LocalAudio { address, laws, id, version: 1, last: None }
    }

    /// An offer of both laws and telephone-events.
    pub(super) fn offer(&mut self) -> Vec<u8> {
        let payloads = self.laws.map(|law| (law.payload_type(), law.encoding_name()));
        let media = self.audio("RTP/AVP", &payloads, Some(DTMF_PAYLOAD), Direction::SendRecv);
        self.describe(vec![media])
    }

    /// The answer to `offer` under `params` (RFC 3264 6): our stream at its place, every other
    /// one rejected with port 0.
    pub(super) fn answer(&mut self, offer: &RemoteAudio, params: &RtpParams) -> Vec<u8> {
        let payload = [(params.law.payload_type(), params.law.encoding_name())];
        let medias = offer.lines.iter().enumerate().map(|(i, line)| {
            if i == offer.index {
                self.audio(&line.proto, &payload, params.dtmf_payload, params.direction)
            } else {
                let proto = TransportProto::Other(line.proto.clone());
                let mut rejected = Media::new(MediaType::Audio, 0, proto, &line.formats);
                rejected.media = line.media.clone();
                rejected
            }
        });
        let medias = medias.collect();
        self.describe(medias)
    }

    fn audio(
        &self,
        proto: &str,
        payloads: &[(u8, &str)],
        dtmf: Option<u8>,
        direction: Direction,
    ) -> Media {
        let numbers = payloads.iter().map(|(number, _)| *number).chain(dtmf);
        let formats: Vec<String> = numbers.map(|n| n.to_string()).collect();
        let proto = TransportProto::Other(proto.to_string());
        let mut media = Media::new(MediaType::Audio, self.address.port(), proto, formats.join(" "));
        for (number, name) in payloads {
            media.add_attribute_with_value("rtpmap", format!("{number} {name}/8000"));
        }
        if let Some(number) = dtmf {
            media.add_attribute_with_value("rtpmap", format!("{number} telephone-event/8000"));
            media.add_attribute_with_value("fmtp", format!("{number} 0-15"));
        }
        media.add_attribute_with_value("ptime", 20);
        media.add_attribute_from_str(word(direction));
        media
    }

    /// The whole description; its version goes up by one when anything changed and stays when
    /// nothing did (RFC 3264 8).
    fn describe(&mut self, medias: Vec<Media>) -> Vec<u8> {
        let ip = self.address.ip();
        let mut session = Session::new(Origin::with_ip_addr(self.id, self.version, ip), "-");
        session.connection = Some(Connection::from_ip_addr(ip));
        session.times = vec![Time::new(0, 0)];
        session.medias = medias;
        if self.last.as_ref().is_some_and(|last| *last != session) {
            self.version += 1;
            session.origin.sess_version = self.version;
        }
        let mut bytes = Vec::new();
        // writing into memory cannot fail; an empty body would be seen by every test
        let _ = session.write(&mut bytes);
        self.last = Some(session);
        bytes
    }
}

/// RTP without encryption; SRTP (RFC 3711) and DTLS are not spoken here.
fn is_plain_rtp(proto: &str) -> bool {
    proto.eq_ignore_ascii_case("RTP/AVP") || proto.eq_ignore_ascii_case("RTP/AVPF")
}

/// Payload types 0 and 8 are PCMU and PCMA by number alone (RFC 3551 table 4).
fn laws_of(media: &Media) -> Vec<G711> {
    let numbers = media.fmt.split_ascii_whitespace().filter_map(|f| f.parse().ok());
    numbers.filter_map(G711::from_payload_type).collect()
}

fn dtmf_payload_of(media: &Media) -> Option<u8> {
    let offered: Vec<u8> =
        media.fmt.split_ascii_whitespace().filter_map(|f| f.parse().ok()).collect();
    let maps = media.attributes.iter().filter(|a| a.attribute.eq_ignore_ascii_case("rtpmap"));
    maps.filter_map(|a| a.value.as_deref()?.split_once(' ')).find_map(|(number, encoding)| {
        let number: u8 = number.parse().ok()?;
        let event = encoding.trim().to_ascii_lowercase().starts_with("telephone-event/8000");
        (event && number < 128 && offered.contains(&number)).then_some(number)
    })
}

fn address_of(connection: &Connection) -> Option<IpAddr> {
    // a time to live or a count of groups follows a slash (RFC 8866 5.7); multicast has no place
    // in a telephone call
    let ip: IpAddr = connection.connection_address.split('/').next()?.trim().parse().ok()?;
    (!ip.is_multicast()).then_some(ip)
}

fn direction_of(attributes: &[Attribute]) -> Option<Direction> {
    attributes.iter().rev().find_map(|a| match a.attribute.to_ascii_lowercase().as_str() {
        "sendrecv" => Some(Direction::SendRecv),
        "sendonly" => Some(Direction::SendOnly),
        "recvonly" => Some(Direction::RecvOnly),
        "inactive" => Some(Direction::Inactive),
        _ => None,
    })
}

/// The other end's view of `direction`.
fn mirrored(direction: Direction) -> Direction {
    match direction {
        Direction::SendOnly => Direction::RecvOnly,
        Direction::RecvOnly => Direction::SendOnly,
        both => both,
    }
}

/// The far end's direction when it listens nowhere.
fn without_sending(direction: Direction) -> Direction {
    match direction {
        Direction::SendRecv | Direction::SendOnly => Direction::SendOnly,
        Direction::RecvOnly | Direction::Inactive => Direction::Inactive,
    }
}

fn word(direction: Direction) -> &'static str {
    match direction {
        Direction::SendRecv => "sendrecv",
        Direction::SendOnly => "sendonly",
        Direction::RecvOnly => "recvonly",
        Direction::Inactive => "inactive",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEAD: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n";

    fn parse(tail: &str) -> Result<RemoteAudio, SdpError> {
        RemoteAudio::parse(format!("{HEAD}{tail}").as_bytes())
    }

    fn local() -> LocalAudio {
        LocalAudio::new("192.0.2.9:20000".parse().unwrap(), 7, false)
    }

    fn answer(local: &mut LocalAudio, tail: &str) -> String {
        let offer = parse(tail).unwrap();
        let params = offer.params(None);
        String::from_utf8(local.answer(&offer, &params)).unwrap()
    }

    #[test]
    fn reads_offers() {
        let check = |tail: &str, remote: &str, law, dtmf, direction| {
            let params = parse(tail).unwrap().params(None);
            let want =
                RtpParams { remote: remote.parse().unwrap(), law, dtmf_payload: dtmf, direction };
            assert_eq!(params, want, "{tail}");
        };
        use Direction::*;
        let (u, a) = (G711::Pcmu, G711::Pcma);
        check("m=audio 4000 RTP/AVP 0\r\n", "192.0.2.1:4000", u, None, SendRecv);
        check("m=audio 4000 RTP/AVP 8 0\r\n", "192.0.2.1:4000", a, None, SendRecv);
        check("m=audio 4000 RTP/AVP 18 9 0 8\r\n", "192.0.2.1:4000", u, None, SendRecv);
        let events = "m=audio 4000 RTP/AVP 8 96\r\na=rtpmap:96 telephone-event/8000\r\n";
        check(events, "192.0.2.1:4000", a, Some(96), SendRecv);
        let wide = "m=audio 4000 RTP/AVP 8 96\r\na=rtpmap:96 telephone-event/16000\r\n";
        check(wide, "192.0.2.1:4000", a, None, SendRecv);
        let unlisted = "m=audio 4000 RTP/AVP 8\r\na=rtpmap:96 telephone-event/8000\r\n";
        check(unlisted, "192.0.2.1:4000", a, None, SendRecv);
        let own_c = "m=audio 4000 RTP/AVP 0\r\nc=IN IP4 192.0.2.77/127\r\n";
        check(own_c, "192.0.2.77:4000", u, None, SendRecv);
        let v6 = "m=audio 4000 RTP/AVP 0\r\nc=IN IP6 2001:db8::5\r\n";
        check(v6, "[2001:db8::5]:4000", u, None, SendRecv);
        check("m=audio 4000 RTP/AVP 0\r\na=sendonly\r\n", "192.0.2.1:4000", u, None, RecvOnly);
        check("m=audio 4000 RTP/AVP 0\r\na=recvonly\r\n", "192.0.2.1:4000", u, None, SendOnly);
        check("a=inactive\r\nm=audio 4000 RTP/AVP 0\r\n", "192.0.2.1:4000", u, None, Inactive);
        let old_hold = "m=audio 4000 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n";
        check(old_hold, "0.0.0.0:4000", u, None, RecvOnly);
        let second = "m=audio 4000 RTP/SAVP 0\r\nm=audio 4002 RTP/AVP 8\r\n";
        check(second, "192.0.2.1:4002", a, None, SendRecv);
    }

    #[test]
    fn refuses() {
        let check = |tail: &str, want| assert_eq!(parse(tail).unwrap_err(), want, "{tail}");
        check("m=audio 4000 RTP/SAVP 0 8\r\n", SdpError::NoPlainAudio);
        check("m=audio 4000 UDP/TLS/RTP/SAVPF 0\r\n", SdpError::NoPlainAudio);
        check("m=video 4000 RTP/AVP 31\r\n", SdpError::NoPlainAudio);
        check("m=audio 0 RTP/AVP 0\r\n", SdpError::NoPlainAudio);
        check("", SdpError::NoPlainAudio);
        check("m=audio 4000 RTP/AVP 18 9\r\n", SdpError::NoCommonCodec);
        check("m=audio 4000 RTP/AVP 0\r\nc=IN IP4 224.2.1.1/127\r\n", SdpError::NoAddress);
        check("m=audio 4000 RTP/AVP 0\r\nc=IN IP4 pbx.example\r\n", SdpError::NoAddress);
        check("m=audio 99999 RTP/AVP 0\r\n", SdpError::Malformed);
        assert_eq!(RemoteAudio::parse(b"hello").unwrap_err(), SdpError::Malformed);
        let long = vec![b'a'; DESCRIPTION_BYTES_MAX + 1];
        assert_eq!(RemoteAudio::parse(&long).unwrap_err(), SdpError::Malformed);
    }

    #[test]
    fn answers_mirror_the_offer() {
        let tail = "m=video 4002 RTP/AVP 31\r\n\
                    m=audio 4000 RTP/AVPF 18 8 0 97\r\na=rtpmap:97 telephone-event/8000\r\n\
                    m=audio 4004 RTP/AVP 0\r\nm=image 4006 udptl t38\r\n";
        let text = answer(&mut local(), tail);
        let lines: Vec<&str> = text.lines().filter(|l| l.starts_with("m=")).collect();
        assert_eq!(
            lines,
            [
                "m=video 0 RTP/AVP 31",
                "m=audio 20000 RTP/AVPF 8 97",
                "m=audio 0 RTP/AVP 0",
                "m=image 0 udptl t38"
            ]
        );
        assert!(text.contains("a=rtpmap:97 telephone-event/8000\r\na=fmtp:97 0-15\r\n"), "{text}");
    }

    #[test]
    fn version_counts_changes_only() {
        let mut local = local();
        let version = |text: &str| {
            let origin = text.lines().find(|l| l.starts_with("o=")).unwrap().to_string();
            origin.split(' ').nth(2).unwrap().parse::<u64>().unwrap()
        };
        let active = "m=audio 4000 RTP/AVP 0\r\n";
        assert_eq!(version(&answer(&mut local, active)), 1);
        assert_eq!(version(&answer(&mut local, active)), 1);
        let held = answer(&mut local, "m=audio 4000 RTP/AVP 0\r\na=sendonly\r\n");
        assert!(held.contains("a=recvonly"), "{held}");
        assert_eq!(version(&held), 2);
        assert_eq!(version(&answer(&mut local, active)), 3);
    }

    #[test]
    fn a_hold_keeps_the_law() {
        let offer = parse("m=audio 4000 RTP/AVP 0 8\r\n").unwrap();
        assert_eq!(offer.params(Some(G711::Pcma)).law, G711::Pcma);
        let only_u = parse("m=audio 4000 RTP/AVP 0\r\n").unwrap();
        assert_eq!(only_u.params(Some(G711::Pcma)).law, G711::Pcmu);
    }

    #[test]
    fn our_offer_is_one_we_would_take() {
        let body = local().offer();
        let params = RemoteAudio::parse(&body).unwrap().params(None);
        assert_eq!(params.remote, "192.0.2.9:20000".parse().unwrap());
        assert_eq!((params.law, params.dtmf_payload), (G711::Pcmu, Some(DTMF_PAYLOAD)));
        let mut v6 = LocalAudio::new("[2001:db8::9]:30000".parse().unwrap(), 7, true);
        let body = String::from_utf8(v6.offer()).unwrap();
        assert!(body.contains("c=IN IP6 2001:db8::9\r\n"), "{body}");
        assert!(body.contains("m=audio 30000 RTP/AVP 8 0 101\r\n"), "{body}");
    }

    proptest! {
        #[test]
        fn survives_any_bytes(body in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = RemoteAudio::parse(&body);
        }

        #[test]
        fn survives_almost_sdp(
            tail in "(m=(audio|video) [0-9]{1,6} RTP/S?AVP( [0-9]{1,4}){0,5}\r\n|\
                     c=IN IP[46] [0-9a-f.:/]{0,20}\r\n|\
                     a=[a-z]{1,9}(:[ -~]{0,20})?\r\n){0,9}"
        ) {
            if let Ok(offer) = parse(&tail) {
                let params = offer.params(None);
                let body = local().answer(&offer, &params);
                prop_assert!(Session::parse(&body).is_ok());
            }
        }
    }
}
