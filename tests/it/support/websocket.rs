//! A browser's end of the "try it" WebSocket, written from the API's description.

use crate::api::office::Browser;
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use spillway::audio::AudioFrame;
use spillway::call::HangupCause;
use spillway::leg::{Leg, LegEvent};
use spillway::rtp::DtmfDigit;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// Messages that may wait either way; more than a test's call has.
const WAITING_MAX: usize = 10_000;

pub type Socket = WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>;

/// Opens the socket; the problem's status where it is refused.
pub async fn connect(browser: &Browser) -> Result<Socket, u16> {
    let url = browser.address.replace("http://", "ws://") + "/api/v1/try";
    let mut request = url.into_client_request().expect("a request");
    for (name, value) in &browser.headers {
        let name: HeaderName = name.parse().expect("a name");
        request.headers_mut().insert(name, HeaderValue::from_str(value).expect("a value"));
    }
    match connect_async(request).await {
        Ok((socket, _)) => Ok(socket),
        Err(Error::Http(answer)) => Err(answer.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

/// The page's side of one call.
pub struct Page {
    to_server: Sender<Message>,
    from_server: Receiver<Message>,
    sound: VecDeque<AudioFrame>,
    /// What the page is told, handed on.
    told: Sender<Value>,
    over: bool,
}

/// A page that calls, and what it is told; after the last, how the socket was closed.
pub async fn page(browser: &Browser) -> (Page, Receiver<Value>) {
    let socket = connect(browser).await.expect("let in");
    let (to_server, mut outgoing) = channel::<Message>(WAITING_MAX);
    let (incoming, from_server) = channel(WAITING_MAX);
    let (told, page) = channel(WAITING_MAX);
    let (mut sink, mut stream) = socket.split();
    tokio::spawn(async move {
        while let Some(message) = outgoing.recv().await {
            if sink.send(message).await.is_err() {
                break;
            }
        }
    });
    tokio::spawn(async move {
        while let Some(Ok(message)) = stream.next().await {
            incoming.send(message).await.expect("the page is there");
        }
    });
    (Page { to_server, from_server, sound: VecDeque::new(), told, over: false }, page)
}

impl Page {
    fn send(&self, message: Message) {
        // A server that is gone shows when it is read.
        let _ = self.to_server.try_send(message);
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Binary(pcm) => {
                assert_eq!(pcm.len(), 320);
                let mut frame = AudioFrame::SILENCE;
                for (sample, octets) in frame.0.iter_mut().zip(pcm.chunks_exact(2)) {
                    *sample = i16::from_le_bytes([octets[0], octets[1]]);
                }
                self.sound.push_back(frame);
            }
            Message::Text(text) => {
                let told = serde_json::from_str(&text).expect("JSON");
                self.told.try_send(told).expect("room");
            }
            Message::Close(close) => {
                let code = close.map(|c| u16::from(c.code));
                self.told.try_send(json!({ "type": "close", "code": code })).expect("room");
            }
            other => panic!("{other:?}"),
        }
    }
}

impl Leg for Page {
    fn exchange(&mut self, out: &AudioFrame, events: &mut Vec<LegEvent>) -> AudioFrame {
        let pcm: Vec<u8> = out.0.iter().flat_map(|s| s.to_le_bytes()).collect();
        self.send(Message::Binary(pcm.into()));
        while let Ok(message) = self.from_server.try_recv() {
            self.take(message);
        }
        let over = self.from_server.is_closed();
        if over && !std::mem::replace(&mut self.over, over) {
            events.push(LegEvent::Hangup(HangupCause::CallerHungUp));
        }
        self.sound.pop_front().unwrap_or(AudioFrame::SILENCE)
    }

    fn hang_up(&mut self, _: HangupCause) {
        self.send(Message::text(json!({ "type": "hangup" }).to_string()));
    }

    fn transfer(&mut self, _: &str) -> bool {
        false
    }

    fn send_dtmf(&mut self, digit: DtmfDigit) {
        let key = json!({ "type": "dtmf", "digit": digit });
        self.send(Message::text(key.to_string()));
    }
}

/// How the server closes the socket: code and reason. Whatever else comes is passed over.
pub async fn closed(socket: &mut Socket) -> Option<(u16, String)> {
    loop {
        let message = tokio::time::timeout(Duration::from_secs(10), socket.next()).await;
        match message.expect("in time")?.ok()? {
            Message::Close(close) => {
                return close.map(|c| (u16::from(c.code), c.reason.to_string()));
            }
            _ => continue,
        }
    }
}
