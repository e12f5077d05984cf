//! `spillway users`: who may log in, managed by whoever may read the database.

use super::tickets::{or_dash, table};
use clap::builder::PossibleValuesParser;
use clap::{Subcommand, builder::TypedValueParser};
use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;
use spillway::access::{
    Access, AccessOptions, By, Hotlines, INVITATION_LIFE, Profile, Role, Secret, User, UserName,
    UserStatus,
};
use spillway::config::Config;
use spillway::store::{StoreOptions, TicketStore};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

/// Arguments of `spillway users`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// List users, by name.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Add a user and print an invitation, by which the user chooses a password.
    ///
    /// The first user should be an administrator: `--role administrator`.
    #[command(after_help = "\
The invitation is good once and for four days. Hand it over so that nobody else sees it.

Examples:
  spillway users add anna --role operator --display-name \"Anna Nováková\" --languages cs,en
  spillway users add otto --role observer --hotline demo-en --json")]
    Add(AddArgs),
    /// Print another invitation for who forgot the password; earlier ones are void.
    Invite {
        /// The user's name.
        name: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Keep a user out at once: sessions and API tokens too.
    Disable {
        /// The user's name.
        name: String,
    },
    /// Let a disabled user in again, with the password of before.
    Enable {
        /// The user's name.
        name: String,
    },
    /// Remove a user; nothing is left but the name, which is not given again.
    Remove {
        /// The user's name.
        name: String,
    },
    /// Take a user's second factor away, who lost phone and recovery codes; ends the sessions.
    ResetSecondFactor {
        /// The user's name.
        name: String,
    },
}

#[derive(clap::Args)]
struct AddArgs {
    /// To log in with: a-z, 0-9 and .-_+@, a letter or digit first.
    name: String,
    /// What the user is.
    #[arg(long, value_parser = role())]
    role: Role,
    /// The name that others read [default: NAME].
    #[arg(long, value_name = "TEXT")]
    display_name: Option<String>,
    /// Languages spoken, ISO 639-1 [default: any].
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    languages: Vec<String>,
    /// Shows this hotline's tickets; may be repeated [default: all hotlines].
    #[arg(long, value_name = "NAME")]
    hotline: Vec<String>,
    /// Shows callers' personal data to an observer or administrator.
    #[arg(long)]
    personal_data: bool,
    /// The user's telephone within the PBX, rung when the user calls somebody back.
    #[arg(long, value_name = "NUMBER", default_value = "", hide_default_value = true)]
    extension: String,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl AddArgs {
    fn profile(&self) -> Profile {
        let hotlines = match self.hotline.as_slice() {
            [] => Hotlines::All,
            names => Hotlines::Only(names.iter().cloned().collect()),
        };
        Profile {
            display_name: self.display_name.clone().unwrap_or_else(|| self.name.clone()),
            role: self.role,
            languages: self.languages.iter().cloned().collect::<BTreeSet<_>>(),
            hotlines,
            personal_data: self.personal_data,
            extension: self.extension.clone(),
        }
    }
}

fn role() -> impl TypedValueParser<Value = Role> {
    PossibleValuesParser::new(Role::ALL.map(Role::name))
        .try_map(|name| Role::named(&name).ok_or("no such role"))
}

/// An invitation as `--json` prints it.
#[derive(Serialize)]
struct Invitation {
    user: User,
    secret: String,
    expires_at: Timestamp,
}

/// Runs it.
pub fn run(config: Option<&Path>, args: Args) -> anyhow::Result<ExitCode> {
    let config = Config::load(config)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = TicketStore::open_existing(&StoreOptions::of(&config)?).await?;
        let result = answer(&store, &config, args.action).await;
        store.close().await;
        super::print(&result?)?;
        Ok(ExitCode::SUCCESS)
    })
}

async fn answer(store: &TicketStore, config: &Config, action: Action) -> anyhow::Result<String> {
    let access = Access::new(store, AccessOptions::of(&config.access))?;
    let (by, now) = (By::Machine, Timestamp::now());
    let text = match action {
        Action::List { json } => {
            let users = access.users(by).await?;
            match (json, users.is_empty()) {
                (true, _) => serde_json::to_string_pretty(&users)? + "\n",
                (false, true) => format!("no users in {}\n", store.name()),
                (false, false) => list_text(&users, &TimeZone::system()),
            }
        }
        Action::Add(args) => {
            let name = UserName::parse(&args.name)?;
            let (user, secret) = access.add_user(by, &name, &args.profile(), now).await?;
            invitation_text(config, user, &secret, now, args.json)?
        }
        Action::Invite { name, json } => {
            let name = UserName::parse(&name)?;
            let secret = access.invite(by, &name, now).await?;
            invitation_text(config, access.user(by, &name).await?, &secret, now, json)?
        }
        Action::Disable { name } => {
            let user = access.set_disabled(by, &UserName::parse(&name)?, true, now).await?;
            format!("{} is disabled\n", user.name)
        }
        Action::Enable { name } => {
            let user = access.set_disabled(by, &UserName::parse(&name)?, false, now).await?;
            format!("{} is enabled\n", user.name)
        }
        Action::Remove { name } => {
            let name = UserName::parse(&name)?;
            access.remove_user(by, &name, now).await?;
            format!("{name} is removed\n")
        }
        Action::ResetSecondFactor { name } => {
            let name = UserName::parse(&name)?;
            access.reset_second_factor(by, &name, now).await?;
            format!("{name} has no second factor and is logged out\n")
        }
    };
    Ok(text)
}

fn invitation_text(
    config: &Config,
    user: User,
    secret: &Secret,
    now: Timestamp,
    json: bool,
) -> anyhow::Result<String> {
    let (secret, expires_at) = (secret.text(), now + INVITATION_LIFE);
    if json {
        let invitation = Invitation { user, secret, expires_at };
        return Ok(serde_json::to_string_pretty(&invitation)? + "\n");
    }
    let (name, role) = (&user.name, user.profile.role);
    let (until, console) = (local_time(expires_at, &TimeZone::system()), config.console.listen);
    Ok(format!(
        "{name} ({role}) is invited, once and until {until}:\n  {secret}\n\
         It is shown this once. With it the user chooses a password, at the console ({console} or \
         the proxy before it):\n  \
         POST /api/v1/invitations/accept\n  \
         {{\"secret\": \"...\", \"password\": \"...\"}}\n"
    ))
}

fn list_text(users: &[User], zone: &TimeZone) -> String {
    let head =
        ["NAME", "DISPLAY NAME", "ROLE", "STATUS", "2ND FACTOR", "LANGUAGES", "HOTLINES", "LOGIN"];
    let mut rows = vec![head.map(String::from).to_vec()];
    for user in users {
        let profile = &user.profile;
        let joined = |list: &BTreeSet<String>| or_dash(&Vec::from_iter(list.clone()).join(","));
        let grant = if profile.personal_data { " + personal data" } else { "" };
        rows.push(vec![
            user.name.to_string(),
            profile.display_name.clone(),
            format!("{}{grant}", profile.role),
            status_words(user.status).into(),
            if user.second_factor { "yes" } else { "-" }.into(),
            joined(&profile.languages),
            match &profile.hotlines {
                Hotlines::All => "all".into(),
                Hotlines::Only(names) => joined(names),
            },
            user.login_at.map_or("-".into(), |at| local_time(at, zone)),
        ]);
    }
    table(&rows, "")
}

fn status_words(status: UserStatus) -> &'static str {
    match status {
        UserStatus::Invited => "invited",
        UserStatus::Active => "active",
        UserStatus::Disabled => "disabled",
    }
}

fn local_time(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string()
}
