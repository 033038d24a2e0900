/* Every word the two pages show, in Vietnamese (written first) and English.
   {name} in a text is a placeholder. The assistant calls itself "em"; the reader is "anh/chị". */
const TEXTS = {
  vi: {
    skip: "Đến ô gõ tin",
    subtitle: "Trợ lý tự động",
    messages: "Tin nhắn",
    settings: "Cài đặt",
    large: "Chữ to",
    autoread: "Đọc to tin mới",
    push: "Báo cho tôi cả khi đóng trang",
    pushOn: "Từ giờ có tin mới là máy báo, cả khi trang đã đóng.",
    pushOff: "Em thôi báo khi trang đóng.",
    pushBlocked: "Máy đang chặn thông báo. Anh/chị cho phép trong cài đặt của máy giúp em.",
    pushNotYet: "Anh/chị trả lời câu em hỏi đã, rồi bật lại giúp em nhé.",
    pushFailed: "Em chưa bật được. Lát nữa anh/chị thử lại giúp em nhé.",
    install: "Đưa lên màn hình máy",
    installHow: "Anh/chị bấm nút Chia sẻ của máy, rồi chọn “Thêm vào MH chính”.",
    language: "Đổi ngôn ngữ (Language)",
    languageCommand: "ngôn ngữ",
    close: "Đóng",
    compose: "Gõ tin cho em",
    placeholder: "Gõ tin ở đây…",
    placeholderPhone: "Ví dụ 0912 345 678",
    send: "Gửi tin",
    attach: "Gửi ảnh hoặc tệp",
    record: "Ghi âm",
    recording: "Đang ghi âm",
    recordSend: "Gửi ghi âm",
    recordDrop: "Bỏ",
    recordName: "Ghi âm",
    noMicrophone: "Em chưa dùng được micrô. Anh/chị cho phép micrô hoặc gõ chữ giúp em.",
    listen: "Nghe {name}",
    unplayable: "Chưa nghe được ở đây. Anh/chị tải về rồi mở bằng máy giúp em.",
    camera: "Chụp ảnh",
    pick: "Chọn tệp hoặc ảnh",
    location: "Gửi vị trí",
    locationSent: "📍 Vị trí của tôi",
    locating: "Em đang tìm vị trí…",
    noLocation: "Em chưa lấy được vị trí. Anh/chị gõ tên thôn, bản giúp em nhé.",
    choices: "Các lựa chọn",
    chosen: "đã chọn",
    buttonsAre: "Các nút bấm:",
    you: "Anh/chị nhắn:",
    bot: "Em nhắn:",
    sending: "đang gửi…",
    waiting: "chờ có mạng…",
    retrying: "em đang gửi lại…",
    sent: "đã gửi",
    failed: "chưa gửi được",
    progress: "Đang gửi {name}",
    retry: "Thử lại",
    edit: "Sửa lại",
    drop: "Bỏ tin này",
    dropFile: "Bỏ tệp này",
    refused: "Em chưa nhận được tin này. Anh/chị sửa rồi gửi lại giúp em.",
    refusedFile: "Em chưa nhận được tệp này. Anh/chị chụp hoặc chọn lại giúp em.",
    textTooLong: "Tin này dài quá. Anh/chị chia làm hai tin giúp em.",
    fullToday: "Hôm nay anh/chị đã gửi nhiều tệp. Mai anh/chị gửi tiếp giúp em nhé.",
    fileTooBig: "Tệp này nặng quá 20 MB. Anh/chị chọn tệp nhẹ hơn giúp em.",
    fileEmpty: "Tệp này trống hoặc máy không đọc được. Anh/chị chọn lại giúp em.",
    offline: "Mất mạng, em sẽ gửi khi có lại.",
    trouble: "Em đang nối lại. Tin của anh/chị vẫn còn đây.",
    busy: "Em gửi tiếp sau ít giây. Tin của anh/chị vẫn còn đây.",
    back: "Đã có mạng lại.",
    expired: "Trang này mở đã lâu. Anh/chị tải lại giúp em nhé.",
    reload: "Tải lại",
    read: "Đọc tin này",
    stop: "Dừng đọc",
    noVoice: "Máy chưa có giọng đọc tiếng Việt. Anh/chị cài thêm trong phần cài đặt của máy.",
    newer: "Xem tin mới",
    today: "Hôm nay",
    yesterday: "Hôm qua",
    loading: "Em đang mở tin cũ…",
    hello: "Chào anh/chị! Em giúp bà con làm hồ sơ OCOP.",
    helloNext: "Anh/chị bấm nút dưới đây để bắt đầu nhé.",
    start: "Bắt đầu",
    openImage: "Xem ảnh {name}",
    openOriginal: "Mở ảnh gốc",
    download: "Tải {name}",

    uploadHint: "Chụp hoặc chọn đủ các trang, rồi gửi một lần. Mỗi tệp nhẹ hơn 20 MB.",
    uploadTip: "Đặt giấy chỗ sáng, giữ máy thẳng, chụp đủ bốn góc.",
    uploadCamera: "Chụp một trang",
    uploadList: "Các trang sẽ gửi",
    uploadUp: "Đưa {name} lên trước",
    uploadRemove: "Bỏ {name}",
    uploadSend: "Gửi {n} tệp",
    uploadSending: "Đang gửi {n}%. Anh/chị giữ trang này mở nhé.",
    uploadChecking: "Gửi xong rồi, em đang kiểm lại…",
    uploadDone: "Em đã nhận {n} tệp ✅",
    uploadNext: "Anh/chị quay lại cuộc trò chuyện để làm tiếp nhé.",
    uploadGone: "Đường gửi này đã dùng rồi hoặc đã hết hạn.",
    uploadGoneNext: "Anh/chị vào cuộc trò chuyện, nhắn em xin đường gửi mới nhé.",
    uploadMaybe: "Có thể em đã nhận được rồi.",
    uploadMaybeNext: "Anh/chị vào cuộc trò chuyện xem lại. Nếu chưa thấy, nhắn em xin đường gửi mới nhé.",
    uploadNetwork: "Mạng bị ngắt, tệp chưa gửi hết. Anh/chị bấm gửi lại nhé.",
    uploadServer: "Em chưa nhận được. Anh/chị chờ một phút rồi bấm gửi lại nhé.",
    uploadRefused: "Em chưa nhận được tệp này. Anh/chị chọn lại giúp em.",
  },
  en: {
    skip: "Go to the message box",
    subtitle: "Automatic assistant",
    messages: "Messages",
    settings: "Settings",
    large: "Large text",
    autoread: "Read new messages aloud",
    push: "Tell me also when this page is closed",
    pushOn: "From now on this device tells you when there is news, also when the page is closed.",
    pushOff: "No more notices when the page is closed.",
    pushBlocked: "This device blocks notices. Please allow them in its settings.",
    pushNotYet: "Please answer my question first, then switch it on again.",
    pushFailed: "It could not be switched on. Please try again later.",
    install: "Put on the home screen",
    installHow: "Press the Share button, then choose “Add to Home Screen”.",
    language: "Change language (Ngôn ngữ)",
    languageCommand: "language",
    close: "Close",
    compose: "Write a message",
    placeholder: "Write here…",
    placeholderPhone: "For example 0912 345 678",
    send: "Send message",
    attach: "Send a photo or file",
    record: "Record a voice note",
    recording: "Recording",
    recordSend: "Send recording",
    recordDrop: "Discard",
    recordName: "Voice note",
    noMicrophone: "The microphone could not be used. Please allow it, or type instead.",
    listen: "Listen to {name}",
    unplayable: "It can't be played here. Please save it and open it on your device.",
    camera: "Take a photo",
    pick: "Choose files or photos",
    location: "Send location",
    locationSent: "📍 My location",
    locating: "Finding your location…",
    noLocation: "The location could not be read. Please type the name of your village.",
    choices: "Choices",
    chosen: "chosen",
    buttonsAre: "The buttons:",
    you: "You:",
    bot: "Assistant:",
    sending: "sending…",
    waiting: "waiting for network…",
    retrying: "trying again…",
    sent: "sent",
    failed: "not sent",
    progress: "Sending {name}",
    retry: "Try again",
    edit: "Edit",
    drop: "Discard message",
    dropFile: "Discard file",
    refused: "This message was not accepted. Please change it and send again.",
    refusedFile: "This file was not accepted. Please take or choose it again.",
    textTooLong: "This message is too long. Please split it in two.",
    fullToday: "Many files have come from you today. Please send the rest tomorrow.",
    fileTooBig: "This file is larger than 20 MB. Please choose a smaller one.",
    fileEmpty: "This file is empty or cannot be read. Please choose it again.",
    offline: "No network. It will be sent when the network is back.",
    trouble: "Reconnecting. Your messages are kept.",
    busy: "Sending goes on in a few seconds. Your messages are kept.",
    back: "The network is back.",
    expired: "This page has been open for long. Please reload it.",
    reload: "Reload",
    read: "Read this message",
    stop: "Stop reading",
    noVoice: "This device has no English voice. You can add one in its settings.",
    newer: "New messages",
    today: "Today",
    yesterday: "Yesterday",
    loading: "Opening earlier messages…",
    hello: "Hello! I help producers prepare their OCOP file.",
    helloNext: "Press the button below to start.",
    start: "Start",
    openImage: "View image {name}",
    openOriginal: "Open original",
    download: "Download {name}",

    uploadHint: "Photograph or choose every page, then send once. Each file below 20 MB.",
    uploadTip: "Lay the paper in good light, hold the phone level, show all four corners.",
    uploadCamera: "Photograph a page",
    uploadList: "Pages to send",
    uploadUp: "Move {name} up",
    uploadRemove: "Remove {name}",
    uploadSend: "Send files: {n}",
    uploadSending: "Sending {n}%. Please keep this page open.",
    uploadChecking: "Sent, now checking…",
    uploadDone: "Files received: {n} ✅",
    uploadNext: "Go back to the chat to continue.",
    uploadGone: "This link has been used or has expired.",
    uploadGoneNext: "Open the chat and ask for a new link.",
    uploadMaybe: "The files may have arrived already.",
    uploadMaybeNext: "Look in the chat. If they are not there, ask for a new link.",
    uploadNetwork: "The network broke off, not everything was sent. Please send again.",
    uploadServer: "The files were not received. Please wait a minute and send again.",
    uploadRefused: "This file was not accepted. Please choose it again.",
  },
};

let current = "vi";

/** "vi" or "en". */
export const language = () => current;

/** The text under `key` in the page's language, with its {placeholders} filled. */
export function t(key, values) {
  const text = TEXTS[current][key];
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

/** Switch the page to "vi" or "en" (anything else is Vietnamese) and relabel what carries data-t*. */
export function pageLanguage(wanted) {
  current = TEXTS[wanted] ? wanted : "vi";
  document.documentElement.lang = current;
  each("data-t", (node, key) => { node.textContent = t(key); });
  each("data-t-label", (node, key) => { node.setAttribute("aria-label", t(key)); });
  each("data-t-placeholder", (node, key) => { node.placeholder = t(key); });
}

function each(attribute, change) {
  document.querySelectorAll("[" + attribute + "]").forEach((node) => {
    change(node, node.getAttribute(attribute));
  });
}

// --- Building nodes: the only way anything gets on a page, so that a name with HTML in it shows as typed ---

export const byId = (id) => document.getElementById(id);

export function el(tag, className, children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append.apply(node, children || []);
  return node;
}

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", "#i-" + name);
  svg.append(use);
  return svg;
}

export function megabytes(size_bytes) {
  const megabytes = Math.max(0.1, size_bytes / 1048576);
  return megabytes.toLocaleString(current, { maximumFractionDigits: 1, minimumFractionDigits: 1 }) + " MB";
}
