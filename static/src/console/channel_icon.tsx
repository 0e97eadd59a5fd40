/** The sign of a channel; the words beside it say the same. */
import type { ComponentChildren } from "preact";
import { IconCallback, IconChat, IconPhone } from "../shared/icons.tsx";

const ICONS: Readonly<Record<string, ComponentChildren>> = { chat: <IconChat />, phone: <IconPhone />, callback: <IconCallback /> };

export const ChannelIcon = ({ channel }: { channel: string }): ComponentChildren => ICONS[channel] ?? <IconChat />;
