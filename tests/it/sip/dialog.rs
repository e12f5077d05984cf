//! Whole calls and what may happen within them.

use super::consumer::{Exchange, Manners};
use super::phone::{Phone, body, header, media_port, sdp_version, status};
use std::time::Duration;
use tokio::time::{Instant, sleep};

async fn both(exchange: &Exchange) -> [Phone; 2] {
    [Phone::udp(exchange.addr).await, Phone::tcp(exchange.addr).await]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_with_sound_both_ways() {
    let exchange = Exchange::open(Manners::default()).await;
    for mut phone in both(&exchange).await {
        exchange.diary.lock().unwrap().clear();
        let answer = phone.call().await;
        assert!(header(&answer, "X-Spillway-Call").unwrap().starts_with("test-"), "{answer}");
        let contact = header(&answer, "Contact").unwrap();
        assert_eq!(contact.contains(";transport=tcp"), phone.transport() == "TCP", "{contact}");
        let heard = phone.talk(&answer, 40).await;
        assert!(heard >= 30, "{heard} packets in 0.8 s");
        exchange.expect("heard").await;
        assert_eq!(status(&phone.ask("BYE", 2, "", "").await), 200);
        exchange.expect("Hangup(CallerHungUp)").await;
        assert_eq!(status(&phone.ask("BYE", 3, "", "").await), 481);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn we_hang_up() {
    let manners = Manners { hang_up_after: Some(Duration::from_millis(200)), ..Manners::default() };
    let exchange = Exchange::open(manners).await;
    for mut phone in both(&exchange).await {
        phone.call().await;
        // over TCP on the caller's own connection
        let bye = phone.asked("BYE").await;
        assert!(header(&bye, "Reason").unwrap().starts_with("Q.850;cause=16"), "{bye}");
        assert_eq!(header(&bye, "To").unwrap(), "<sip:+84901234567@127.0.0.1>;tag=phone");
        phone.reply(&bye, "200 OK").await;
    }
}

/// RFC 3261 15: no BYE before the ACK.
#[tokio::test(flavor = "multi_thread")]
async fn our_bye_waits_for_the_ack() {
    let manners = Manners { hang_up_after: Some(Duration::ZERO), ..Manners::default() };
    let exchange = Exchange::open(manners).await;
    let mut phone = Phone::tcp(exchange.addr).await;
    let offer = phone.sdp(1, "");
    let answer = phone.ask("INVITE", 1, "", &offer).await;
    phone.to = header(&answer, "To").unwrap();
    while let Some(message) = phone.receive(Duration::from_millis(300)).await {
        assert!(!message.starts_with("BYE"), "{message}");
    }
    phone.ack(1, "").await;
    phone.asked("BYE").await;
}

/// A PBX with direct media sends a re-INVITE right behind, or before, its ACK.
#[tokio::test(flavor = "multi_thread")]
async fn a_re_invite_that_races_the_ack() {
    let exchange = Exchange::open(Manners::default()).await;
    for mut phone in both(&exchange).await {
        for ack_first in [true, false] {
            let mut answered = 0;
            for _ in 0..100 {
                phone.new_call();
                let offer = phone.sdp(1, "");
                let answer = phone.ask("INVITE", 1, "", &offer).await;
                phone.to = header(&answer, "To").unwrap();
                let ack = phone.request("ACK", 1, "", "");
                let offer = phone.sdp(2, "a=sendrecv\r\n");
                let again = phone.request("INVITE", 2, "", &offer);
                let (one, two) = if ack_first { (ack, again) } else { (again, ack) };
                phone.send(one.as_bytes()).await;
                phone.send(two.as_bytes()).await;
                if let Some(answer) = phone.answer(2, "INVITE").await {
                    assert_eq!(status(&answer), 200, "{answer}");
                    answered += 1;
                    phone.ack(2, "").await;
                }
                assert_eq!(status(&phone.ask("BYE", 3, "", "").await), 200);
            }
            assert_eq!(answered, 100, "{} ack_first {ack_first}", phone.transport());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parked_re_invite() {
    let exchange = Exchange::open(Manners::default()).await;
    let mut phone = Phone::udp(exchange.addr).await;
    let offer = phone.sdp(1, "");
    let answer = phone.ask("INVITE", 1, "", &offer).await;
    phone.to = header(&answer, "To").unwrap();
    // a second one while the first waits is refused, a CANCEL takes the first back
    let second = phone.request_in("parked", "INVITE", 2, "", &offer);
    phone.send(second.as_bytes()).await;
    let third = phone.ask("INVITE", 3, "", &offer).await;
    assert_eq!(status(&third), 500, "{third}");
    assert!(header(&third, "Retry-After").is_some());
    let cancel = phone.request_in("parked", "CANCEL", 2, "", "");
    phone.send(cancel.as_bytes()).await;
    let cancelled = phone.answer(2, "INVITE").await.expect("no answer to the parked INVITE");
    assert_eq!(status(&cancelled), 487, "{cancelled}");
    phone.ack(1, "").await;
    sleep(Duration::from_millis(50)).await;
    let fourth = phone.ask("INVITE", 4, "", &offer).await;
    assert_eq!(status(&fourth), 200, "{fourth}");
}

#[tokio::test(flavor = "multi_thread")]
async fn cancel_before_the_answer() {
    let manners = Manners { answer_after: Duration::from_millis(400), ..Manners::default() };
    let exchange = Exchange::open(manners).await;
    for mut phone in both(&exchange).await {
        exchange.diary.lock().unwrap().clear();
        let offer = phone.sdp(1, "");
        let invite = phone.request_in("c", "INVITE", 1, "", &offer);
        phone.send(invite.as_bytes()).await;
        let trying = phone.receive(Duration::from_secs(1)).await.expect("no 100");
        assert_eq!(status(&trying), 100, "{trying}");
        let cancel = phone.request_in("c", "CANCEL", 1, "", "");
        phone.send(cancel.as_bytes()).await;
        assert_eq!(status(&phone.answer(1, "CANCEL").await.unwrap()), 200);
        let answer = phone.answer(1, "INVITE").await.unwrap();
        assert_eq!(status(&answer), 487, "{answer}");
        let ack = phone.request_in("c", "ACK", 1, "", "");
        phone.send(ack.as_bytes()).await;
        exchange.expect("not answered: the call ended before").await;
    }
    let mut phone = Phone::udp(exchange.addr).await;
    assert_eq!(status(&phone.ask("CANCEL", 9, "", "").await), 481);
}

#[tokio::test(flavor = "multi_thread")]
async fn hold_resume_and_refresh() {
    let exchange = Exchange::open(Manners::default()).await;
    for (method, mut phone) in ["INVITE", "UPDATE"].into_iter().zip(both(&exchange).await) {
        exchange.diary.lock().unwrap().clear();
        let first = phone.call().await;
        let port = media_port(&first);
        let old_hold = phone.sdp(4, "").replace("c=IN IP4 127.0.0.1", "c=IN IP4 0.0.0.0");
        let steps = [
            // offer, our direction, our version goes up by
            (phone.sdp(2, "a=sendonly\r\n"), "recvonly", 1, Some("Hold(true)")),
            (phone.sdp(3, "a=inactive\r\n"), "inactive", 1, None),
            (phone.sdp(4, "a=sendrecv\r\n"), "sendrecv", 1, Some("Hold(false)")),
            (phone.sdp(4, "a=sendrecv\r\n"), "sendrecv", 0, None),
            (old_hold, "recvonly", 1, Some("Hold(true)")),
            (phone.sdp(5, ""), "sendrecv", 1, Some("Hold(false)")),
        ];
        let mut version = sdp_version(&first);
        for (n, (offer, direction, more, event)) in steps.into_iter().enumerate() {
            exchange.diary.lock().unwrap().clear();
            let seq = n as u32 + 2;
            let answer = phone.ask(method, seq, "", &offer).await;
            assert_eq!(status(&answer), 200, "{answer}");
            assert!(body(&answer).contains(&format!("a={direction}\r\n")), "{offer}\n{answer}");
            assert_eq!(sdp_version(&answer), version + more, "step {n}");
            assert_eq!(media_port(&answer), port);
            assert!(header(&answer, "Contact").is_some(), "{answer}");
            version += more;
            if method == "INVITE" {
                phone.ack(seq, "").await;
            }
            if let Some(event) = event {
                exchange.expect(event).await;
            }
        }
        // a refused offer changes nothing (RFC 3261 14.2)
        let none = phone.sdp_with(6, "9", "");
        let refused = phone.ask(method, 20, "", &none).await;
        assert_eq!(status(&refused), 488, "{refused}");
        if method == "INVITE" {
            phone.ack(20, "").await;
        }
        let answer = phone.ask("UPDATE", 21, "", "").await;
        assert_eq!(status(&answer), 200, "a session refresh without SDP");
        assert_eq!(body(&answer), "");
        assert!(phone.talk(&first, 20).await >= 12, "no sound after resume");
        assert_eq!(status(&phone.ask("BYE", 22, "", "").await), 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_offer_comes_late() {
    let exchange = Exchange::open(Manners::default()).await;
    let mut phone = Phone::udp(exchange.addr).await;
    let offered = phone.ask("INVITE", 1, "", "").await;
    assert_eq!(status(&offered), 200, "{offered}");
    assert!(body(&offered).contains(" RTP/AVP 0 8 101\r\n"), "{offered}");
    phone.to = header(&offered, "To").unwrap();
    let update = phone.sdp(9, "");
    assert_eq!(status(&phone.ask("UPDATE", 2, "", &update).await), 491);
    let answer = phone.sdp(1, "");
    phone.ack(1, &answer).await;
    assert!(phone.talk(&offered, 40).await >= 25);
    exchange.expect("heard").await;
    // and once more within the call
    let offered = phone.ask("INVITE", 3, "", "").await;
    assert_eq!(status(&offered), 200, "{offered}");
    let hold = phone.sdp(2, "a=sendonly\r\n");
    phone.ack(3, &hold).await;
    exchange.expect("Hold(true)").await;
    // an ACK without the answer it owes ends the call
    phone.new_call();
    let offered = phone.ask("INVITE", 1, "", "").await;
    phone.to = header(&offered, "To").unwrap();
    phone.ack(1, "").await;
    let bye = phone.asked("BYE").await;
    assert!(header(&bye, "Reason").unwrap().contains("cause=88"), "{bye}");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_by_info() {
    let exchange = Exchange::open(Manners::default()).await;
    let mut phone = Phone::udp(exchange.addr).await;
    phone.call().await;
    let relay = "Content-Type: application/dtmf-relay\r\n";
    let answer = phone.ask("INFO", 2, relay, "Signal=5\r\nDuration=160\r\n").await;
    assert_eq!(status(&answer), 200);
    exchange.expect("Dtmf(DtmfDigit(5))").await;
    assert_eq!(status(&phone.ask("INFO", 3, "", "").await), 200);
    let other = "Content-Type: text/plain\r\n";
    assert_eq!(status(&phone.ask("INFO", 4, other, "hello").await), 415);
    assert_eq!(status(&phone.ask("MESSAGE", 5, other, "hello").await), 405);
    assert_eq!(status(&phone.ask("OPTIONS", 6, "", "").await), 200);
    assert_eq!(status(&phone.ask("OPTIONS", 7, "Require: x\r\n", "").await), 420);
    assert_eq!(status(&phone.ask("OPTIONS", 2, "", "").await), 500, "out of order");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_ack() {
    let t1 = Duration::from_millis(20);
    let exchange = Exchange::open(Manners { t1, ..Manners::default() }).await;
    let mut phone = Phone::udp(exchange.addr).await;
    let offer = phone.sdp(1, "");
    let begun = Instant::now();
    let answer = phone.ask("INVITE", 1, "", &offer).await;
    phone.to = header(&answer, "To").unwrap();
    let mut copies = 0;
    let bye = loop {
        let message = phone.receive(Duration::from_secs(3)).await.expect("nothing came");
        if message.starts_with("BYE ") {
            break message;
        }
        assert_eq!(message, answer);
        copies += 1;
    };
    assert!(copies >= 5, "{copies} copies of the 200");
    assert!(begun.elapsed() >= 64 * t1, "BYE after {:?}", begun.elapsed());
    phone.reply(&bye, "200 OK").await;
    exchange.expect("Hangup").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_200() {
    let exchange = Exchange::open(Manners::default()).await;
    let mut phone = Phone::udp(exchange.addr).await;
    let offer = phone.sdp(1, "");
    let invite = phone.request_in("r", "INVITE", 1, "", &offer);
    phone.send(invite.as_bytes()).await;
    let first = phone.answer(1, "INVITE").await.unwrap();
    // the caller did not get it: T1 later it is there again, whatever the caller does
    phone.send(invite.as_bytes()).await;
    let second = phone.answer(1, "INVITE").await.unwrap();
    assert_eq!(first, second);
    phone.to = header(&second, "To").unwrap();
    phone.ack(1, "").await;
    sleep(Duration::from_millis(100)).await;
    while phone.receive(Duration::from_millis(10)).await.is_some() {}
    let silence = phone.receive(Duration::from_millis(1_200)).await;
    assert_eq!(silence, None, "the 200 is repeated after its ACK");
}

#[tokio::test(flavor = "multi_thread")]
async fn transfer() {
    for (to, refer_to) in
        [("sip:112@127.0.0.1", "<sip:112@127.0.0.1>".to_string()), ("112", "<sip:112@".to_string())]
    {
        let exchange = Exchange::open(Manners { transfer: Some(to), ..Manners::default() }).await;
        for mut phone in both(&exchange).await {
            phone.call().await;
            let refer = phone.asked("REFER").await;
            assert!(header(&refer, "Refer-To").unwrap().starts_with(&refer_to), "{refer}");
            phone.reply(&refer, "202 Accepted").await;
            let kind = "Event: refer\r\nSubscription-State: terminated\r\n\
                        Content-Type: message/sipfrag\r\n";
            let answer = phone.ask("NOTIFY", 2, kind, "SIP/2.0 200 OK").await;
            assert_eq!(status(&answer), 200);
            assert_eq!(status(&phone.ask("BYE", 3, "", "").await), 200);
        }
    }
}
