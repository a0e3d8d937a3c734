//! The players' port among the ports of a k3d config.

use serde_yaml::Value;

use super::entry;

/// Port of the cluster at which the gateway answers.
const GAME_PORT: &str = "80";
/// Where players join when the file publishes nothing of port 80.
const DEFAULT: (&str, u16) = ("127.0.0.1", 8080);

/// Address and port at which players join; their entry is moved to the front, or made.
pub fn players(value: &mut Value) -> Result<(String, u16), String> {
    let entries: Vec<Value> = value["ports"].as_sequence().cloned().unwrap_or_default();
    let mut found = None;
    for (index, entry) in entries.iter().enumerate() {
        let text = entry["port"].as_str().unwrap_or_default();
        let published = parse(text)?;
        if found.is_none() && published.container == GAME_PORT {
            found = Some((index, published));
        }
    }
    let (rest, players): (Vec<Value>, Value) = match &found {
        None => (entries, entry("port", Value::Null, &["loadbalancer"])),
        Some((index, _)) => {
            let mut entries = entries;
            let players = entries.remove(*index);
            (entries, players)
        }
    };
    value["ports"] = Value::Sequence([vec![players], rest].concat());
    match found {
        Some((_, Published { address, host: Some(host), .. })) => {
            let port = host.parse().map_err(|_| format!("`{host}` is not one port; players join at one."))?;
            Ok((address.unwrap_or_else(|| DEFAULT.0.to_owned()), port))
        }
        _ => Ok((DEFAULT.0.to_owned(), DEFAULT.1)),
    }
}

/// `[address:][host:]container[/protocol]`, as Docker writes it.
struct Published {
    address: Option<String>,
    host: Option<String>,
    container: String,
}

fn parse(text: &str) -> Result<Published, String> {
    let wrong = || format!("`port: {text}` is not [address:][port:]port, such as 127.0.0.1:8080:80.");
    // k3d takes the filters of the command line here as well.
    let text = text.split('@').next().unwrap_or_default();
    let (rest, container) =
        text.rsplit_once(':').map_or((None, text), |(rest, container)| (Some(rest), container));
    let is_ports = |text: &str| !text.is_empty() && text.split('-').all(|port| port.parse::<u16>().is_ok());
    let (container, protocol) = container.split_once('/').unwrap_or((container, "tcp"));
    if !is_ports(container) || !["tcp", "udp", "sctp"].contains(&protocol) {
        return Err(wrong());
    }
    let (address, host) = match rest {
        None => (None, None),
        Some(rest) => match rest.rsplit_once(':') {
            Some((address, host)) => (Some(address.trim_matches(['[', ']']).to_owned()), Some(host)),
            None => (None, Some(rest)),
        },
    };
    if host.is_some_and(|host| !host.is_empty() && !is_ports(host)) {
        return Err(wrong());
    }
    let container = if protocol == "tcp" { container.to_owned() } else { format!("{container}/{protocol}") };
    Ok(Published { address, host: host.filter(|host| !host.is_empty()).map(str::to_owned), container })
}

/// Ports behind the load balancer, as it names them: `80.tcp`.
pub fn balanced(value: &Value) -> Vec<String> {
    let entries = value["ports"].as_sequence().into_iter().flatten();
    let balanced = entries.filter(|entry| {
        let filters = entry["nodeFilters"].as_sequence();
        filters.is_none_or(|filters| filters.iter().any(|filter| filter == "loadbalancer"))
    });
    let named = balanced.filter_map(|entry| parse(entry["port"].as_str()?).ok()).map(|published| {
        let (port, protocol) = published.container.split_once('/').unwrap_or((&published.container, "tcp"));
        format!("{port}.{protocol}")
    });
    named.collect()
}
