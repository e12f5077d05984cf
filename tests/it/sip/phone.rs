//! A telephone made of strings and sockets: it knows nothing of the code under test.

use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::{Instant, timeout};

/// What carries the messages.
enum Line {
    Udp(UdpSocket),
    Tcp(TcpStream, Vec<u8>),
}

/// One caller with one call at a time.
pub struct Phone {
    line: Line,
    server: SocketAddr,
    pub local: SocketAddr,
    pub rtp: UdpSocket,
    call_id: String,
    pub to: String,
    branch: u32,
}

pub const CODECS: &str = "0 8 101";

impl Phone {
    pub async fn udp(server: SocketAddr) -> Phone {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        Phone::over(Line::Udp(socket), server).await
    }

    pub async fn tcp(server: SocketAddr) -> Phone {
        let stream = TcpStream::connect(server).await.unwrap();
        Phone::over(Line::Tcp(stream, Vec::new()), server).await
    }

    async fn over(line: Line, server: SocketAddr) -> Phone {
        let local = match &line {
            Line::Udp(socket) => socket.local_addr().unwrap(),
            Line::Tcp(stream, _) => stream.local_addr().unwrap(),
        };
        let rtp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let call_id = uuid::Uuid::new_v4().to_string();
        let to = format!("<sip:hotline@{server}>");
        Phone { line, server, local, rtp, call_id, to, branch: 0 }
    }

    /// Forgets the call and begins another.
    pub fn new_call(&mut self) {
        self.call_id = uuid::Uuid::new_v4().to_string();
        self.to = format!("<sip:hotline@{}>", self.server);
    }

    pub fn transport(&self) -> &'static str {
        match self.line {
            Line::Udp(_) => "UDP",
            Line::Tcp(..) => "TCP",
        }
    }

    pub async fn send(&mut self, message: &[u8]) {
        match &mut self.line {
            Line::Udp(socket) => {
                socket.send_to(message, self.server).await.unwrap();
            }
            Line::Tcp(stream, _) => stream.write_all(message).await.unwrap(),
        }
    }

    /// The next message within `wait`.
    pub async fn receive(&mut self, wait: Duration) -> Option<String> {
        timeout(wait, self.line.next()).await.ok()
    }

    pub fn sdp(&self, version: u32, attributes: &str) -> String {
        self.sdp_with(version, CODECS, attributes)
    }

    pub fn sdp_with(&self, version: u32, codecs: &str, attributes: &str) -> String {
        format!(
            "v=0\r\no=phone 1 {version} IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
             m=audio {} RTP/AVP {codecs}\r\na=rtpmap:101 telephone-event/8000\r\n{attributes}",
            self.rtp.local_addr().unwrap().port()
        )
    }

    /// A request with a new branch. `headers` is a block of whole lines; a Content-Type among
    /// them replaces application/sdp.
    pub fn request(&mut self, method: &str, seq: u32, headers: &str, body: &str) -> String {
        self.branch += 1;
        let branch = format!("{}x{}", self.local.port(), self.branch);
        self.request_in(&branch, method, seq, headers, body)
    }

    /// The same with a given branch.
    pub fn request_in(
        &self,
        branch: &str,
        method: &str,
        seq: u32,
        headers: &str,
        body: &str,
    ) -> String {
        let (transport, local) = (self.transport(), self.local);
        let parameter = if transport == "TCP" { ";transport=tcp" } else { "" };
        let kind = if body.is_empty() || headers.contains("Content-Type") {
            ""
        } else {
            "Content-Type: application/sdp\r\n"
        };
        format!(
            "{method} sip:hotline@{} SIP/2.0\r\n\
             Via: SIP/2.0/{transport} {local};branch=z9hG4bK{}{branch};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:+84901234567@127.0.0.1>;tag=phone\r\nTo: {}\r\n\
             Call-ID: {}\r\nCSeq: {seq} {method}\r\n\
             Contact: <sip:phone@{local}{parameter}>\r\n\
             {headers}{kind}Content-Length: {}\r\n\r\n{body}",
            self.server,
            self.call_id,
            self.to,
            self.call_id,
            body.len()
        )
    }

    /// Sends a request and waits for its final response.
    pub async fn ask(&mut self, method: &str, seq: u32, headers: &str, body: &str) -> String {
        let request = self.request(method, seq, headers, body);
        self.send(request.as_bytes()).await;
        let what = format!("answer to {seq} {method}");
        self.answer(seq, method).await.unwrap_or_else(|| panic!("no {what}"))
    }

    /// The final response to a request, passing over everything else.
    pub async fn answer(&mut self, seq: u32, method: &str) -> Option<String> {
        let until = Instant::now() + Duration::from_secs(3);
        let cseq = format!("CSeq: {seq} {method}\r\n");
        let call_id = format!("Call-ID: {}\r\n", self.call_id);
        while let Some(wait) = until.checked_duration_since(Instant::now()) {
            let message = self.receive(wait).await?;
            let ours = message.contains(&cseq) && message.contains(&call_id);
            if ours && message.starts_with("SIP/2.0 ") && !message.starts_with("SIP/2.0 1") {
                return Some(message);
            }
        }
        None
    }

    /// Waits for a request of the server's.
    pub async fn asked(&mut self, method: &str) -> String {
        let until = Instant::now() + Duration::from_secs(3);
        while let Some(wait) = until.checked_duration_since(Instant::now()) {
            let Some(message) = self.receive(wait).await else { break };
            if message.starts_with(&format!("{method} ")) {
                return message;
            }
        }
        panic!("no {method} came");
    }

    /// Answers a request of the server's.
    pub async fn reply(&mut self, request: &str, status: &str) {
        let mut response = format!("SIP/2.0 {status}\r\n");
        for name in ["Via", "From", "To", "Call-ID", "CSeq"] {
            response += &format!("{name}: {}\r\n", header(request, name).unwrap());
        }
        response += "Content-Length: 0\r\n\r\n";
        self.send(response.as_bytes()).await;
    }

    pub async fn ack(&mut self, seq: u32, body: &str) {
        let ack = self.request("ACK", seq, "", body);
        self.send(ack.as_bytes()).await;
    }

    /// INVITE, 200, ACK; gives the 200.
    pub async fn call(&mut self) -> String {
        let offer = self.sdp(1, "");
        let answer = self.ask("INVITE", 1, "", &offer).await;
        assert_eq!(status(&answer), 200, "{answer}");
        self.to = header(&answer, "To").unwrap();
        self.ack(1, "").await;
        answer
    }

    /// Sends so many 20 ms packets of a loud square wave to the server's RTP port and counts
    /// what comes back meanwhile.
    pub async fn talk(&self, answer: &str, packets: u16) -> usize {
        let to = SocketAddr::new(self.server.ip(), media_port(answer));
        let mut heard = 0;
        let mut buffer = [0; 2048];
        for n in 0..packets {
            let mut packet = vec![0x80, 0];
            packet.extend_from_slice(&n.to_be_bytes());
            packet.extend_from_slice(&(u32::from(n) * 160).to_be_bytes());
            packet.extend_from_slice(&7u32.to_be_bytes());
            // mu-law octets of about +-16000
            packet.extend((0..160).map(|i| if i % 16 < 8 { 0x8f } else { 0x0f }));
            self.rtp.send_to(&packet, to).await.unwrap();
            let until = Instant::now() + Duration::from_millis(20);
            while let Some(wait) = until.checked_duration_since(Instant::now()) {
                if let Ok(Ok((12.., _))) = timeout(wait, self.rtp.recv_from(&mut buffer)).await {
                    heard += 1;
                }
            }
        }
        heard
    }
}

impl Line {
    async fn next(&mut self) -> String {
        match self {
            Line::Udp(socket) => {
                let mut buffer = vec![0; 65_535];
                let (length, _) = socket.recv_from(&mut buffer).await.unwrap();
                String::from_utf8_lossy(&buffer[..length]).into_owned()
            }
            Line::Tcp(stream, buffer) => loop {
                // the answer to a keep-alive
                let blank = buffer.iter().take_while(|b| b.is_ascii_whitespace()).count();
                buffer.drain(..blank);
                if let Some(length) = whole(buffer) {
                    let rest = buffer.split_off(length);
                    let message = std::mem::replace(buffer, rest);
                    return String::from_utf8_lossy(&message).into_owned();
                }
                if stream.read_buf(buffer).await.unwrap() == 0 {
                    // closed: nothing comes any more
                    std::future::pending::<()>().await;
                }
            },
        }
    }
}

fn whole(buffer: &[u8]) -> Option<usize> {
    let head = buffer.windows(4).position(|w| w == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&buffer[..head]).into_owned();
    let body: usize = header(&text, "Content-Length")?.parse().ok()?;
    (buffer.len() >= head + body).then_some(head + body)
}

/// The value of the first header of that name.
pub fn header(message: &str, name: &str) -> Option<String> {
    let head = message.split("\r\n\r\n").next()?;
    let mut lines = head.lines().filter_map(|line| line.split_once(':'));
    lines.find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_string())
}

pub fn status(message: &str) -> u16 {
    message.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0)
}

pub fn body(message: &str) -> &str {
    message.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}

/// The port of the audio line of a message's SDP.
pub fn media_port(message: &str) -> u16 {
    let line = body(message).lines().find(|l| l.starts_with("m=audio ")).expect("m=audio");
    line.split(' ').nth(1).unwrap().parse().unwrap()
}

/// The version in a message's o= line.
pub fn sdp_version(message: &str) -> u64 {
    let line = body(message).lines().find(|l| l.starts_with("o=")).expect("o=");
    line.split(' ').nth(2).unwrap().parse().unwrap()
}
